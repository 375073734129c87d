/**
 * Maximum number of characters in an id or a name from the platform, for events and the API alike.
 * A character is a code point, as in PostgreSQL.
 */
export const MAX_CHARACTERS = 255;

export type TextFault = 'empty' | 'long' | 'control' | 'malformed';

/** Returns why a text cannot be stored or shown; null if it can. A text of only spaces is empty. */
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

/** Returns true for null and for empty text: both mean that the attribute is known to be empty. */
export function isEmptyText(value: string | null): value is '' | null {
  return value === null || value.trim() === '';
}
