import { InputError } from '../../lib/errors.js';
import { faultOfText, MAX_CHARACTERS } from '../../lib/platform-values.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Longest list one input may hold. */
export const MAX_ITEMS = 5000;

const refuse = (message: string, field: string) => new InputError('BAD_USER_INPUT', message, field);

/** In inputs, left out and null are the same. */
export function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** The last part of a field's path, as errors name it: `input.users[3].id` becomes `id`. */
const fieldName = (field: string) => `\`${field.slice(field.lastIndexOf('.') + 1)}\``;

/** An id of ours, in the case the store keeps. */
export function checkOwnId(value: string, field: string): string {
  const id = value.toLowerCase();
  if (!UUID.test(id))
    throw refuse(`${fieldName(field)} must be a UUID issued by the connector.`, field);
  return id;
}

/** An id of the platform: opaque, but the store and the broker have to be able to carry it. */
export function checkPlatformId(value: string, field: string): string {
  return checkInputText(value, field, MAX_CHARACTERS);
}

export function checkInputText(value: string, field: string, max: number): string {
  const fault = faultOfText(value, max);
  if (fault === null) return value;
  const messages = {
    empty: `${fieldName(field)} must not be empty.`,
    long: `${fieldName(field)} must have at most ${max} characters.`,
    control: `${fieldName(field)} must not contain control characters.`,
    malformed: `${fieldName(field)} must be well-formed Unicode; it contains a lone surrogate.`,
  };
  throw refuse(messages[fault], field);
}

export function checkList<Item>(items: readonly Item[], field: string): readonly Item[] {
  if (items.length > MAX_ITEMS)
    throw refuse(
      `${fieldName(field)} must have at most ${MAX_ITEMS} items; got ${items.length}.`,
      field,
    );
  return items;
}

export function checkWebUrl(value: string, field: string): string {
  checkInputText(value, field, 2000);
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw refuse(`${fieldName(field)} must be a URL that starts with https://.`, field);
  return value;
}

export function checkRange(
  value: number,
  field: string,
  range: { readonly min: number; readonly max: number },
): number {
  if (value < range.min || value > range.max)
    throw refuse(`${fieldName(field)} must be between ${range.min} and ${range.max}.`, field);
  return value;
}
