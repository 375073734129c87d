import { PassingRefusalError, TerminalError } from '../../lib/errors.js';
import type { DiscordRefusal } from '../ports.js';

/** Refusals that concern only this write; the next role may be accepted. */
const OF_ONE_WRITE: readonly DiscordRefusal[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

/** A list may contain a role unknown to Discord; which code it then answers is not documented. */
const OF_UNKNOWN_ROLES: readonly DiscordRefusal[] = ['UNKNOWN_ROLE', 'REFUSED'];

/** Another write may succeed: this one was refused permanently, or for a reason that may pass. */
export function isOfThisWrite(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, 'BAD_NICKNAME', ...OF_ONE_WRITE);
}

export function mayBeOfUnknownRole(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, ...OF_UNKNOWN_ROLES);
}

export function isRefusal(error: unknown, ...codes: readonly DiscordRefusal[]): boolean {
  return error instanceof TerminalError && codes.some((code) => code === error.code);
}
