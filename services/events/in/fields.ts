import { faultOfText, isEmptyText, MAX_CHARACTERS } from '../../lib/platform-values.js';

/**
 * In: the fields of something parsed from JSON, which may be anything. Out: checked values.
 * Never: a value that PostgreSQL's text would refuse (NUL, lone surrogates) or that breaks a line
 * in a log.
 */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Its message is the reason on the dead letter. Thrown by readers, caught by `parseEvent`, never
 * seen outside.
 */
export class BrokenEvent extends Error {}

export interface FieldScope {
  readonly fields: Fields;
  /** Prefix of a field's name in a reason: `data.`, `ce_` or empty. */
  readonly at: string;
}

const SEQUENCE_DIGITS = /^[0-9]{1,16}$/;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readText(place: FieldScope, name: string, max = MAX_CHARACTERS): string {
  const value = place.fields[name];
  if (value === undefined) throw new BrokenEvent(`${place.at}${name} is missing`);
  return checkEventText(value, () => place.at + name, max);
}

/** Missing, null and empty are the same: many serializers write one of them for an unset field. */
export function readOptionalText(place: FieldScope, name: string): string | null {
  const value = place.fields[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'string' && isEmptyText(value)) return null;
  return checkEventText(value, () => place.at + name);
}

/**
 * `path` is called only for a reason: building it for every good field would cost more than the
 * checks.
 */
export function checkEventText(value: unknown, path: () => string, max = MAX_CHARACTERS): string {
  if (typeof value !== 'string') {
    throw new BrokenEvent(`${path()} must be a string, got ${shown(value)}`);
  }
  const fault = faultOfText(value, max);
  if (fault === null) return value;
  if (fault === 'empty') throw new BrokenEvent(`${path()} must not be empty`);
  const rule = {
    long: `must have at most ${max} characters`,
    control: 'must not contain control characters',
    malformed: 'must be well-formed Unicode',
  }[fault];
  throw new BrokenEvent(`${path()} ${rule}, got ${shown(value)}`);
}

/** A whole number from 0 to 2^53-1, or its decimal digits; null when there is none. */
export function readSequence(place: FieldScope): number | null {
  const value = place.fields['sequence'] ?? null;
  if (value === null) return null;
  const sequence = typeof value === 'string' && SEQUENCE_DIGITS.test(value) ? Number(value) : value;
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) {
    throw new BrokenEvent(
      `${place.at}sequence must be a whole number from 0 to 2^53-1, got ${shown(value)}`,
    );
  }
  return sequence + 0; // JSON knows -0
}

/**
 * Describes a value in a reason by its kind, not its content. Reasons appear in logs, where neither
 * secrets nor personal names belong. The value itself is in the dead letter.
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

/**
 * Describes a value of a closed vocabulary. A short word or a version is quoted, because it is
 * neither a secret nor a name; everything else may be a secret and is described by its type and
 * length alone.
 */
export function shownChoice(value: unknown): string {
  return typeof value === 'string' && CHOICE.test(value) ? JSON.stringify(value) : shown(value);
}

const CHOICE = /^(?:[A-Za-z]{0,16}|\d{1,3}(?:\.\d{1,3}){0,2})$/;
