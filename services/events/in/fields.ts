import { faultOfText, isEmptyText, MAX_CHARACTERS } from '../../lib/platform-values.js';

/**
 * Fields of parsed JSON, with values of any type. The readers in this file return only valid
 * values: never text that PostgreSQL rejects (NUL, lone surrogates) or that breaks a log line.
 */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Thrown by readers and caught by `parseEvent`, which uses the message as the dead letter's reason.
 */
export class BrokenEvent extends Error {}

export interface FieldScope {
  readonly fields: Fields;
  /** Prefix of the field names in messages, such as `data.` or `ce_`; may be empty. */
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

/**
 * Returns null if the field is missing, null or empty: serializers write any of these for an unset
 * field.
 */
export function readOptionalText(place: FieldScope, name: string): string | null {
  const value = place.fields[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'string' && isEmptyText(value)) return null;
  return checkEventText(value, () => place.at + name);
}

/**
 * Returns the text if it is valid. `path` is called only to describe a fault: building it for every
 * valid field would cost more than the checks.
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

/**
 * Returns the event's sequence, sent as a whole number from 0 to 2^53-1 or as its decimal digits.
 * Null if absent.
 */
export function readSequence(place: FieldScope): number | null {
  const value = place.fields['sequence'] ?? null;
  if (value === null) return null;
  const sequence = typeof value === 'string' && SEQUENCE_DIGITS.test(value) ? Number(value) : value;
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) {
    throw new BrokenEvent(
      `${place.at}sequence must be a whole number from 0 to 2^53-1, got ${shown(value)}`,
    );
  }
  return sequence + 0; // turns -0, which JSON allows, into 0
}

/**
 * Describes a value by its type and length, not its content. Reasons appear in logs, which must not
 * contain secrets or personal names. The value itself is in the dead letter.
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
 * Describes a value of a field that allows only fixed words. A short word or version number is
 * quoted, because it is neither a secret nor a name; anything else is described only by type and
 * length.
 */
export function shownChoice(value: unknown): string {
  return typeof value === 'string' && CHOICE.test(value) ? JSON.stringify(value) : shown(value);
}

const CHOICE = /^(?:[A-Za-z]{0,16}|\d{1,3}(?:\.\d{1,3}){0,2})$/;

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const MS_OF_400_YEARS = 146_097 * 86_400_000;
const MS_OF_A_DAY = 86_400_000;

/**
 * Returns an RFC 3339 time in microseconds since 1970; null if it is invalid. Finer digits are cut
 * off. A leap second becomes the last microsecond of its minute, so that the order of times is
 * kept.
 */
export function timeUsOf(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, ...time] = match.slice(1, 7).map(Number);
  const [hour = 0, minute = 0, second = 0] = time;
  const offsetMs = offsetMsOf(match[8], match[9], match[10]);
  if (offsetMs === null || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;

  const isLeap = second === 60;
  const ms = msSince1970(year, month, day, hour, minute, isLeap ? 59 : second) - offsetMs;
  if (isLeap && !endsADay(ms)) return null;
  const fraction = isLeap ? '999999' : (match[7] ?? '');
  return ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/**
 * Shifts the year by 400 and back, because Date.UTC maps the years 0 to 99 to 1900 to 1999. The
 * calendar repeats every 400 years.
 */
function msSince1970(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const shifted = Date.UTC(year + 400, month - 1, day, hour, minute, second);
  return shifted - MS_OF_400_YEARS;
}

function offsetMsOf(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) return 0;
  const [h, m] = [Number(hours), Number(minutes)];
  if (h > 23 || m > 59) return null;
  return (sign === '-' ? -1 : 1) * (h * 60 + m) * 60_000;
}

function daysOf(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/**
 * Returns true one second before midnight UTC, the only time at which leap seconds are inserted
 * (23:59:60).
 */
function endsADay(ms: number): boolean {
  return (((ms + 1000) % MS_OF_A_DAY) + MS_OF_A_DAY) % MS_OF_A_DAY === 0;
}

/**
 * Finds the known name intended by a slightly wrong one; null if there is none. Case, separators,
 * plural and tense may differ, or one word may be misspelt by at most two letters. A different verb
 * or noun is not a match.
 */
export function nearestName(given: string, names: Iterable<string>): string | null {
  if (given.length > MOST_CHARACTERS) return null;
  let nearest: string | null = null;
  let fewest = MOST_LETTERS + 1;
  for (const name of names) {
    const letters = lettersApart(given, name);
    if (letters >= fewest) continue;
    nearest = name;
    fewest = letters;
  }
  return nearest;
}

/** Longest name to compare. The longest known name has 37 characters. */
const MOST_CHARACTERS = 80;
const MOST_LETTERS = 2;

/**
 * Returns the number of letters by which one word differs: 0 for a match, Infinity if more than one
 * word differs.
 */
function lettersApart(given: string, name: string): number {
  const [left, right] = [wordsOf(given), wordsOf(name)];
  if (joined(left) === joined(right)) return 0;
  if (left.length !== right.length) return Infinity;
  const misspelt = left.flatMap((word, index) => {
    const meant = right[index] ?? '';
    return stemOf(word) === stemOf(meant) ? [] : [distance(word, meant)];
  });
  const [only = 0, another] = misspelt;
  return another === undefined ? only : Infinity;
}

const joined = (words: readonly string[]) => words.join('').replace(/v\d+$/, '');

/**
 * Splits a name into lower-case words without its version. `membershipChanged` and
 * `membership.changed` give the same words.
 */
function wordsOf(name: string): readonly string[] {
  const words = name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  return /^v?\d+$/.test(words.at(-1) ?? '') ? words.slice(0, -1) : words;
}

/** Returns the same stem for singular and plural, and for the tenses of a regular verb. */
function stemOf(word: string): string {
  return word.replace(/(?:ing|ed|es|e|s)$/, '');
}

/**
 * Returns the Levenshtein distance (letters to insert, remove or replace), keeping only one row of
 * the table.
 */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_LETTERS) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let at = 0; at < a.length; at += 1) {
    const next = [at + 1];
    for (let to = 1; to <= b.length; to += 1) {
      const isSame = a[at] === b[to - 1];
      next.push(
        Math.min(
          (row[to] ?? 0) + 1,
          (next[to - 1] ?? 0) + 1,
          (row[to - 1] ?? 0) + (isSame ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
