import { TerminalError } from '../lib/errors.js';
import type { DiscordRefusal } from './ports.js';

/** Refusals that say something of this write alone; the next role may be welcome. */
export const OF_ONE_WRITE: readonly DiscordRefusal[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

/** A role in a list may be unknown to Discord; which code it answers then is not documented. */
export const OF_UNKNOWN_ROLES: readonly DiscordRefusal[] = [
  'UNKNOWN_ROLE',
  'REFUSED',
];

export function isRefusal(
  error: unknown,
  ...codes: readonly DiscordRefusal[]
): boolean {
  return (
    error instanceof TerminalError && codes.some((code) => code === error.code)
  );
}
