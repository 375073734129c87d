import { InputError } from '../../lib/errors.js';
import { faultOfText, MAX_CHARACTERS } from '../../lib/platform-values.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Maximum length of a list in an input. */
const MAX_ITEMS = 5000;

const refuse = (message: string, field: string) => new InputError('BAD_USER_INPUT', message, field);

/** Returns whether an input field has a value. Omitted and null mean the same. */
export function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** Returns the checked value; null if none was given. */
export function ifGiven<Value, Checked>(
  value: Value | null | undefined,
  check: (value: Value) => Checked,
): Checked | null {
  return isGiven(value) ? check(value) : null;
}

/** Returns the values that are not null or undefined. */
export function onlyGiven<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  const given: { [Name in keyof Values]?: NonNullable<Values[Name]> } = {};
  for (const name in values) {
    const value = values[name];
    if (value !== null && value !== undefined) given[name] = value;
  }
  return given;
}

/**
 * Returns the last part of a field's path in backticks, for use in errors: `input.users[3].id`
 * becomes `id`.
 */
const fieldName = (field: string) => `\`${field.slice(field.lastIndexOf('.') + 1)}\``;

/** Checks an id issued by the connector. Returns it in lower case, as it is stored. */
export function checkOwnId(value: string, field: string): string {
  const id = value.toLowerCase();
  if (!UUID.test(id))
    throw refuse(`${fieldName(field)} must be a UUID issued by the connector.`, field);
  return id;
}

/**
 * Checks an opaque id from the platform. It must be text that both the database and the broker
 * accept.
 */
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

/** One parsed item of a list, or its error. */
export type Item<Said> =
  | { readonly said: Said; readonly fault: null }
  | { readonly said: null; readonly fault: InputError };

/** Parses each item on its own, so that one invalid item does not affect the others. */
export function readItems<Given, Said>(
  given: readonly Given[],
  field: string,
  read: (item: Given, at: string) => Said,
): readonly Item<Said>[] {
  return checkList(given, field).map((item, index) => {
    try {
      return { said: read(item, `${field}[${index}]`), fault: null };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { said: null, fault: error };
    }
  });
}

/**
 * Rejects items with the same key, because they may contradict each other and nothing says which is
 * later. All of them are rejected: applying any one could grant what another revokes. `keyOf`
 * returns null for an item that may be repeated.
 */
export function refuseTwins<Said>(
  items: readonly Item<Said>[],
  its: {
    readonly keyOf: (said: Said) => string | null;
    readonly fieldOf: (index: number) => string;
    readonly why: string;
  },
): readonly Item<Said>[] {
  const places = new Map<string, number[]>();
  for (const [index, { said }] of items.entries()) {
    const key = said === null ? null : its.keyOf(said);
    if (key === null) continue;
    const known = places.get(key);
    if (known) known.push(index);
    else places.set(key, [index]);
  }
  const refused = [...items];
  for (const twins of places.values()) {
    const [first = 0, second] = twins;
    if (second === undefined) continue;
    for (const index of twins) {
      const other = its.fieldOf(index === first ? second : first);
      const message = `${other} names the same thing. ${its.why}`;
      refused[index] = {
        said: null,
        fault: new InputError('BAD_USER_INPUT', message, its.fieldOf(index)),
      };
    }
  }
  return refused;
}

/** Returns the valid items, in order. */
export function saidOf<Said>(items: readonly Item<Said>[]): readonly Said[] {
  return items.flatMap((item) => (item.fault === null ? [item.said] : []));
}
