/**
 * In: the fields of something parsed from JSON, which may be anything. Out: checked values.
 * Never: a value that PostgreSQL's text would refuse (NUL, lone surrogates) or that breaks a line in a log.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Its message is the reason on the dead letter. Thrown by readers, caught by `parseEvent`, never seen outside. */
export class BrokenEvent extends Error {}

export interface Place {
  readonly fields: Fields;
  /** What stands before a field's name in a reason: `data.`, `ce_` or nothing. */
  readonly at: string;
}

interface TextRule {
  readonly min: 0 | 1;
  readonly max: number;
}

export const ID_RULE: TextRule = { min: 1, max: 255 };
export const NAME_RULE: TextRule = { min: 0, max: 255 };

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;
const SEQUENCE_DIGITS = /^[0-9]{1,16}$/;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readText(place: Place, name: string, rule = ID_RULE): string {
  const value = place.fields[name];
  if (value === undefined)
    throw new BrokenEvent(`${place.at}${name} is missing`);
  return checkText(value, () => place.at + name, rule);
}

/** Missing and null are the same: many serializers write null for what is not set. */
export function readOptionalText(
  place: Place,
  name: string,
  rule: TextRule,
): string | null {
  const value = place.fields[name] ?? null;
  if (value === null) return null;
  return checkText(value, () => place.at + name, rule);
}

/** `path` is called only for a reason: building it for every good field would cost more than the checks. */
export function checkText(
  value: unknown,
  path: () => string,
  rule: TextRule,
): string {
  if (typeof value !== 'string') {
    throw new BrokenEvent(`${path()} must be a string, got ${shown(value)}`);
  }
  if (value.length < rule.min) {
    throw new BrokenEvent(`${path()} must not be empty`);
  }
  if (isLongerThan(value, rule.max)) {
    throw new BrokenEvent(
      `${path()} must have at most ${rule.max} characters, got ${shown(value)}`,
    );
  }
  if (CONTROL_OR_LONE_SURROGATE.test(value)) {
    const fault = value.isWellFormed()
      ? 'must not contain control characters'
      : 'must be well-formed Unicode';
    throw new BrokenEvent(`${path()} ${fault}, got ${shown(value)}`);
  }
  return value;
}

/** A whole number from 0 to 2^53-1, or its decimal digits; null when there is none. */
export function readSequence(place: Place): number | null {
  const value = place.fields['sequence'] ?? null;
  if (value === null) return null;
  const sequence =
    typeof value === 'string' && SEQUENCE_DIGITS.test(value)
      ? Number(value)
      : value;
  if (
    typeof sequence !== 'number' ||
    !Number.isSafeInteger(sequence) ||
    sequence < 0
  ) {
    throw new BrokenEvent(
      `${place.at}sequence must be a whole number from 0 to 2^53-1, got ${shown(value)}`,
    );
  }
  return sequence + 0; // JSON knows -0
}

/**
 * A value as a reason may tell it: what it is, not what it says. Reasons stand in logs, where no secret and nobody's name belongs;
 * whoever needs the value finds it in the dead letter itself.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length === 1 ? '1 character' : `${value.length} characters`;
  }
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  return value === null ? 'null' : `a ${typeof value}`;
}

/** Characters are code points here, as in PostgreSQL and in JSON Schema, not UTF-16 units. */
function isLongerThan(value: string, max: number): boolean {
  if (value.length <= max) return false;
  return value.length > max * 2 || Array.from(value).length > max;
}
