import { invalidForm, type FieldError, type FieldErrorNode } from './refusal.js';
import { isSnowflake } from './snowflake.js';

/**
 * Reads the fields of a JSON body. Unknown fields are ignored; one refusal names all invalid ones.
 */
export function readForm<T extends object>(body: unknown, checks: Checks<T>): Partial<T> {
  const result = fields(checks)(body);
  if ('error' in result) throw invalidForm(result.error);
  return result.value;
}

/** Reads a JSON body that is a list of objects. One refusal names all faults, by index. */
export function readFormList<T extends object>(
  body: unknown,
  checks: Checks<T>,
): readonly Partial<T>[] {
  if (!Array.isArray(body))
    throw invalidForm(one('LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType'));
  const errors: Record<string, FieldErrorNode> = {};
  const check = fields(checks);
  const values = (body as unknown[]).flatMap((item, index) => {
    const result = check(item);
    if ('value' in result) return [result.value];
    errors[index] = result.error;
    return [];
  });
  if (Object.keys(errors).length > 0) throw invalidForm(errors);
  return values;
}

type Checks<T> = { readonly [Field in keyof T]: Check<T[Field]> };

/** An object with these fields, any of which may be missing. */
export function fields<T extends object>(checks: Checks<T>): Check<Partial<T>> {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong('DICT_TYPE_CONVERT', 'Only dictionaries may be used in a DictType');
    return checkFields(value, checks);
  };
}

function checkFields<T extends object>(
  object: object,
  checks: Checks<T>,
): ReturnType<Check<Partial<T>>> {
  const given = new Map<string, unknown>(Object.entries(object));
  const errors: Record<string, FieldErrorNode> = {};
  const values: Partial<T> = {};
  const isField = (name: string): name is keyof T & string => name in checks;
  for (const field of Object.keys(checks).filter(isField)) {
    if (!given.has(field)) continue;
    const result = checks[field](given.get(field));
    if ('error' in result) errors[field] = result.error;
    else values[field] = result.value;
  }
  return Object.keys(errors).length > 0 ? { error: errors } : { value: values };
}

/** A field that may not be missing. */
export function required<T>(field: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw invalidForm(nested(field, REQUIRED));
}

/** Validates a field: returns its value, or what is wrong with it. */
export type Check<T> = (
  value: unknown,
) => { readonly value: T } | { readonly error: FieldErrorNode };

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value) => (value === null ? { value } : check(value));
}

export function text(limit: { min?: number; max: number }): Check<string> {
  const { min = 0, max } = limit;
  return (value) => {
    if (typeof value !== 'string')
      return wrong('STRING_TYPE_CONVERT', 'Could not interpret value as string.');
    const length = lengthOf(value);
    if (length > max) return wrong('BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
    if (length < min) return wrong('BASE_TYPE_MIN_LENGTH', `Must be ${min} or more in length.`);
    return { value };
  };
}

export const flag: Check<boolean> = (value) =>
  typeof value === 'boolean'
    ? { value }
    : wrong('BOOLEAN_TYPE_CONVERT', 'Must be either true or false.');

export function wholeNumber(range: { min: number; max: number }): Check<number> {
  return (given) => {
    const value = typeof given === 'bigint' ? Number(given) : given;
    if (typeof value !== 'number' || !Number.isInteger(value))
      return wrong('NUMBER_TYPE_COERCE', `Value ${quoted(value)} is not int.`);
    if (value < range.min)
      return wrong('NUMBER_TYPE_MIN', `int value should be greater than or equal to ${range.min}.`);
    if (value > range.max)
      return wrong('NUMBER_TYPE_MAX', `int value should be less than or equal to ${range.max}.`);
    return { value };
  };
}

/** A bit field: a decimal string, or a number as older clients send it. */
export const permissionBits: Check<string> = (value) => {
  const bits = decimalText(value);
  return bits === undefined
    ? wrong('NUMBER_TYPE_COERCE', `Value ${quoted(value)} is not int.`)
    : { value: bits };
};

export const snowflake: Check<string> = (value) => {
  const id = decimalText(value);
  return id === undefined ? { error: notASnowflake(value) } : { value: id };
};

/** Ids without duplicates. Null items are skipped. */
export function snowflakes(limit: { max: number }): Check<readonly string[]> {
  return (value) => {
    if (!Array.isArray(value))
      return wrong('LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType');
    const items = (value as unknown[]).filter((item) => item !== null);
    if (items.length > limit.max)
      return wrong('BASE_TYPE_MAX_LENGTH', `Must be ${limit.max} or fewer in length.`);
    const ids = items.map(decimalText);
    const faulty = items.flatMap((item, index) =>
      ids[index] === undefined ? [[String(index), notASnowflake(item)] as const] : [],
    );
    if (faulty.length > 0) return { error: Object.fromEntries(faulty) };
    if (new Set(ids).size < ids.length)
      return wrong('SET_TYPE_ALREADY_CONTAINS_VALUE', 'The values must be unique.');
    return { value: ids.filter((id) => id !== undefined) };
  };
}

export const timestamp: Check<string> = (value) =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value))
    ? { value }
    : wrong('DATE_TIME_TYPE_PARSE', `Could not parse ${quoted(value)}. Should be ISO8601.`);

export function notASnowflake(value: unknown): FieldErrorNode {
  return one('NUMBER_TYPE_COERCE', `Value ${quoted(value)} is not snowflake.`);
}

/** The length in characters, as Discord counts, not in UTF-16 units. */
export function lengthOf(value: string): number {
  return Array.from(value).length;
}

/**
 * An id or bit field as text. Discord sends strings but also reads JSON numbers, which some clients
 * send; those too large for a double arrive as a bigint.
 */
function decimalText(value: unknown): string | undefined {
  const isNumber = typeof value === 'bigint' || Number.isSafeInteger(value);
  const text = isNumber ? String(value) : value;
  return isSnowflake(text) ? text : undefined;
}

const REQUIRED: FieldErrorNode = one('BASE_TYPE_REQUIRED', 'This field is required');

/** The error of a field inside another: `0.id` is the field `id` of the first item. */
function nested(path: string, error: FieldErrorNode): FieldErrorNode {
  return path.split('.').reduceRight<FieldErrorNode>((inner, field) => ({ [field]: inner }), error);
}

export function wrong(code: string, message: string): { error: FieldErrorNode } {
  return { error: one(code, message) };
}

function one(code: string, message: string): { readonly _errors: readonly FieldError[] } {
  return { _errors: [{ code, message }] };
}

function quoted(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'undefined');
}
