/**
 * The allowed ids and names of the platform, the same for events and API. Characters are code
 * points, as in PostgreSQL.
 */
export const MAX_CHARACTERS = 255;

export type TextFault = 'empty' | 'long' | 'control' | 'malformed';

/** Why a text cannot be kept or shown; null: it can. Only spaces are as good as nothing. */
export function faultOfText(value: string, max = MAX_CHARACTERS): TextFault | null {
  if (value.trim() === '') return 'empty';
  if (isLongerThan(value, max)) return 'long';
  if (!value.isWellFormed()) return 'malformed';
  return CONTROL.test(value) ? 'control' : null;
}

const CONTROL = /\p{Cc}/u;

function isLongerThan(value: string, max: number): boolean {
  if (value.length <= max) return false;
  return value.length > max * 2 || Array.from(value).length > max;
}

/** An attribute that is sent empty is known to be empty, as one that is sent as null. */
export function isEmptyText(value: string | null): value is '' | null {
  return value === null || value.trim() === '';
}
