import { PassingRefusalError, TerminalError } from '../lib/errors.js';
import type { DiscordRefusal } from './ports.js';

/** Refusals that say something of this write alone; the next role may be welcome. */
const OF_ONE_WRITE: readonly DiscordRefusal[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

/** A role in a list may be unknown to Discord; which code it answers then is not documented. */
const OF_UNKNOWN_ROLES: readonly DiscordRefusal[] = ['UNKNOWN_ROLE', 'REFUSED'];

/** Another write may go through: refused for good, or for a reason that need not last. */
export function isOfThisWrite(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, 'BAD_NICKNAME', ...OF_ONE_WRITE);
}

export function mayBeOfUnknownRole(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, ...OF_UNKNOWN_ROLES);
}

export function isRefusal(error: unknown, ...codes: readonly DiscordRefusal[]): boolean {
  return error instanceof TerminalError && codes.some((code) => code === error.code);
}
