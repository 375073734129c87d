import { InputError } from '../../lib/errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Longest list one input may hold. */
export const MAX_ITEMS = 5000;
const MAX_ID_LENGTH = 255;

const refuse = (message: string, field: string) =>
  new InputError('BAD_USER_INPUT', message, field);

/** In inputs, left out and null are the same. */
export function isGiven<Value>(
  value: Value | null | undefined,
): value is Value {
  return value !== null && value !== undefined;
}

/** An id of ours, in the case the store keeps. */
export function checkOwnId(value: string, field: string): string {
  const id = value.toLowerCase();
  if (!UUID.test(id))
    throw refuse('This is not one of our ids, which are UUIDs.', field);
  return id;
}

/** An id of the platform: opaque, but the store and the broker have to be able to carry it. */
export function checkPlatformId(value: string, field: string): string {
  return checkText(value, field, MAX_ID_LENGTH);
}

export function checkText(value: string, field: string, max: number): string {
  if (value.trim() === '') throw refuse('It must not be empty.', field);
  if (value.length > max)
    throw refuse(`It is longer than ${max} characters.`, field);
  if (CONTROL.test(value))
    throw refuse('It has a control character in it.', field);
  if (!value.isWellFormed())
    throw refuse('It has half a character in it (a lone surrogate).', field);
  return value;
}

export function checkList<Item>(
  items: readonly Item[],
  field: string,
): readonly Item[] {
  if (items.length > MAX_ITEMS)
    throw refuse(
      `At most ${MAX_ITEMS} items at once; these are ${items.length}.`,
      field,
    );
  return items;
}

/** Refuses the second of two items with the same key, and says where the first one is. */
export function checkDistinct<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  fieldOf: (index: number) => string,
): void {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const first = seen.get(keyOf(item));
    if (first !== undefined)
      throw refuse(`It stands already at ${fieldOf(first)}.`, fieldOf(index));
    seen.set(keyOf(item), index);
  }
}

export function checkWebUrl(value: string, field: string): string {
  checkText(value, field, 2000);
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw refuse('This is not an address that begins with https://.', field);
  return value;
}

export function checkRange(
  value: number,
  field: string,
  range: { readonly min: number; readonly max: number },
): number {
  if (value < range.min || value > range.max)
    throw refuse(`It is not between ${range.min} and ${range.max}.`, field);
  return value;
}
