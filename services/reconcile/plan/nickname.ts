import type { Attributes, NicknameStrategy } from '../../model.js';
import {
  parseTemplate,
  renderTemplate,
  tidyName,
  VARIABLES,
  type NicknameTemplate,
  type Values,
  type Variable,
} from './nickname-template.js';

export interface NicknamePerson {
  /** Null: never received. */
  readonly username: string | null;
  /** Absent: never received. Null or '': known to have no value. */
  readonly attributes: Attributes;
}

export interface DesiredNickname {
  /** Null: leave the member's nickname alone. */
  readonly nickname: string | null;
  /**
   * Why the policy gives this person no nickname; null if it gives one, or gives none to anyone.
   */
  readonly withheld: string | null;
}

/** Returns the nickname that the policy gives the person. */
export function desiredNickname(
  policy: { readonly strategy: NicknameStrategy; readonly template: string | null },
  person: NicknamePerson,
): DesiredNickname {
  const parsed = parseTemplate(templateOf(policy) ?? '');
  if (parsed.variables.size === 0) return { nickname: null, withheld: null };
  const { values, unsent } = readValues(parsed.variables, person);
  if (unsent.length > 0)
    return {
      nickname: null,
      withheld: `the platform has not sent ${listWords(unsent, 'and')} for this person`,
    };
  const naming = namesIn(parsed.variables);
  if (naming.every((variable) => !values[variable]))
    return { nickname: null, withheld: `the person has no ${listWords(naming, 'or')}` };
  return { nickname: fittedNickname(parsed, values, naming), withheld: null };
}

function listWords(variables: readonly Variable[], conjunction: 'and' | 'or'): string {
  return variables.map((variable) => `%${variable}`).join(` ${conjunction} `);
}

function templateOf(policy: {
  readonly strategy: NicknameStrategy;
  readonly template: string | null;
}): string | null {
  if (policy.strategy === 'NONE') return null;
  return policy.strategy === 'EVE_ONLINE' ? '%character' : policy.template;
}

/**
 * `unsent`: variables that the platform has not sent yet. The nickname waits for them, because a
 * partial one would have to be set again later.
 */
function readValues(
  variables: ReadonlySet<Variable>,
  person: NicknamePerson,
): { readonly values: Values; readonly unsent: readonly Variable[] } {
  const values: Partial<Record<Variable, string>> = {};
  const unsent: Variable[] = [];
  for (const variable of variables) {
    const known =
      variable === 'username' ? (person.username ?? undefined) : person.attributes[variable];
    if (known === undefined) unsent.push(variable);
    else values[variable] = tidyName(known ?? '');
  }
  return { values, unsent };
}

/** How many of the first `VARIABLES` are names of the person: character and username. */
const NAMES = 2;

/** Discord's limit for nicknames, in UTF-16 units. */
const MAX_LENGTH = 32;

/**
 * Renders the nickname. A text that is too long is shortened in this order until it fits:
 *
 * 1. the alliance is dropped, with its brackets and separators;
 * 2. the corporation is dropped in the same way, as is every other variable except character and
 *    username, in reverse order;
 * 3. the longer of character and username loses one grapheme at a time (the username first if they
 *    are equally long), down to one each, with no whitespace left at the cut;
 * 4. the username is dropped if there is a character, and only the character is cut further;
 * 5. the free text is dropped, and only the name is cut. A grapheme is split, between code points,
 *    only if it exceeds 32 units by itself.
 *
 * The name is never dropped. It is the character, or else the username; if the template has
 * neither, it is the corporation, or else the alliance.
 */
function fittedNickname(
  { parts }: NicknameTemplate,
  values: Values,
  naming: readonly Variable[],
): string {
  const name = naming.find((variable) => values[variable]) ?? 'username';
  let rest = values;
  for (const dropped of VARIABLES.slice(NAMES).toReversed()) {
    const text = renderTemplate(parts, rest);
    if (text.length <= MAX_LENGTH) return text;
    if (dropped !== name) rest = { ...rest, [dropped]: '' };
  }
  const nameOnly = { [name]: values[name] ?? '' };
  return cutToFit(parts, rest) ?? cutToFit(parts, nameOnly) ?? cutName(values[name] ?? '');
}

/**
 * Cuts the values until the text fits. Returns null if it is too long even with one grapheme per
 * value.
 */
function cutToFit(parts: NicknameTemplate['parts'], values: Values): string | null {
  let cut = values;
  for (;;) {
    const text = renderTemplate(parts, cut);
    if (text.length <= MAX_LENGTH) return text;
    const shorter = withLongestCut(cut);
    if (shorter === null) return null;
    cut = shorter;
  }
}

/** Shortens the longest value; of equally long ones, the last in VARIABLES. */
function withLongestCut(values: Values): Values | null {
  let longest: { variable: Variable; value: string; shorter: string } | null = null;
  for (const variable of VARIABLES.toReversed()) {
    const value = values[variable] ?? '';
    const shorter = shortened(value);
    if (shorter !== '' && value.length > (longest?.value.length ?? 0))
      longest = { variable, value, shorter };
  }
  return longest && { ...values, [longest.variable]: longest.shorter };
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Removes the last grapheme, or as many as needed to fit 32 units. Returns an empty string if only
 * one grapheme is left or the first is too long.
 */
function shortened(value: string): string {
  const length = Math.min(value.length - 1, MAX_LENGTH);
  return tidyName(fitting(graphemesOf(value), length));
}

function cutName(name: string): string {
  const whole = tidyName(fitting(graphemesOf(name), MAX_LENGTH));
  return whole === '' ? tidyName(fitting(Array.from(name), MAX_LENGTH)) : whole;
}

function graphemesOf(value: string): readonly string[] {
  return [...segmenter.segment(value)].map(({ segment }) => segment);
}

/** Joins as many of the first pieces as fit into `length` units. */
function fitting(pieces: readonly string[], length: number): string {
  let text = '';
  for (const piece of pieces) {
    if (text.length + piece.length > length) break;
    text += piece;
  }
  return text;
}

/**
 * Whether Discord already shows the nickname `wanted`. Ignores extra whitespace and all invisible
 * characters: Discord trims, collapses whitespace and drops "some zero-width characters" without
 * naming them, so an exact comparison would write the nickname again and again.
 * https://docs.discord.com/developers/resources/user#usernames-and-nicknames
 */
export function isSameNickname(wanted: string, shown: string | null): boolean {
  return shown !== null && visibleOf(wanted) === visibleOf(shown);
}

/** Removes all invisible characters, even those that join and colour emoji. */
function visibleOf(nickname: string): string {
  return tidyName(nickname).replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
}

const MAX_TEMPLATE_LENGTH = 200;
const CHOICE = '%username, %character, %corporation and %alliance';

/** Returns the faults of a template; empty if it is valid. */
export function templateFaults(template: string): readonly string[] {
  if (tidyName(template) === '') return ['the template is empty'];
  const { parts, variables, unknownWords } = parseTemplate(template);
  const faults = [...unknownWords].map(
    (word) => `${word} is not a variable; use ${CHOICE}, or %% for a percent sign`,
  );
  if (template.length > MAX_TEMPLATE_LENGTH)
    faults.push(
      `the template must have at most ${MAX_TEMPLATE_LENGTH} characters; it has ${template.length}`,
    );
  if (variables.size === 0)
    faults.push(`the template has no variable; use at least one of ${CHOICE}`);
  for (const name of namesIn(variables)) {
    const { length } = renderTemplate(parts, { [name]: 'x' });
    if (length > MAX_LENGTH)
      faults.push(
        `the text around %${name} leaves no room for it: with a single letter in its place the nickname has ${length} UTF-16 units, more than ${MAX_LENGTH}`,
      );
  }
  return faults;
}

/**
 * Returns the variables that name the person, in order of preference: character and username, or,
 * if the template has neither, corporation and alliance.
 */
function namesIn(variables: ReadonlySet<Variable>): readonly Variable[] {
  const found = VARIABLES.filter((name) => variables.has(name));
  const names = found.filter((name) => name === 'character' || name === 'username');
  return names.length > 0 ? names : found;
}
