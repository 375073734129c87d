import { ATTRIBUTE_NAMES, type AttributeName } from '../../model.js';

/** A parsed nickname template: free text, variables, and brackets that contain any of these. */
export interface NicknameTemplate {
  readonly parts: readonly Part[];
  readonly variables: ReadonlySet<Variable>;
  /** Words that look like variables but are not; they stay as written. */
  readonly unknownWords: ReadonlySet<string>;
}

export type Variable = 'username' | AttributeName;

/** In order of preference as the person's name: the first one with a value is used. */
export const VARIABLES: readonly Variable[] = [
  'character',
  'username',
  ...ATTRIBUTE_NAMES.filter((name) => name !== 'character'),
];

/** Values after `tidyName`. An absent or empty value leaves a gap in the template. */
export type Values = Readonly<Partial<Record<Variable, string>>>;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | Bracketed;

interface Bracketed {
  readonly kind: 'brackets';
  readonly open: string;
  readonly close: string;
  readonly parts: readonly Part[];
}

const CLOSING = new Map([
  ['[', ']'],
  ['(', ')'],
  ['{', '}'],
  ['<', '>'],
]);

/** Longest first, because one name may be a prefix of another. */
const NAMES = VARIABLES.toSorted((a, b) => b.length - a.length).join('|');
const TOKEN = new RegExp(
  String.raw`(?<percent>%%)|%(?<variable>${NAMES})|(?<unknown>%[\p{L}_][\p{L}\p{N}_]*)|(?<bracket>[[\](){}<>])|[^%[\](){}<>]+|%`,
  'gu',
);

/** Parses a template. Unmatched brackets are free text. */
export function parseTemplate(template: string): NicknameTemplate {
  const variables = new Set<Variable>();
  const unknownWords = new Set<string>();
  const stack: Frame[] = [{ open: '', parts: [] }];
  for (const { 0: token, groups = {} } of withoutHidden(template).matchAll(TOKEN)) {
    const variable = groups['variable'];
    if (isVariable(variable)) {
      variables.add(variable);
      topOf(stack).parts.push({ kind: 'variable', variable });
      continue;
    }
    if (groups['unknown'] !== undefined) unknownWords.add(token);
    if (CLOSING.has(token)) stack.push({ open: token, parts: [] });
    else if (groups['bracket'] !== undefined) closeBracket(stack, token);
    else addText(stack, groups['percent'] === undefined ? token : '%');
  }
  while (stack.length > 1) unwrapTop(stack);
  return { parts: topOf(stack).parts, variables, unknownWords };
}

function isVariable(word: string | undefined): word is Variable {
  return VARIABLES.some((variable) => variable === word);
}

interface Frame {
  readonly open: string;
  readonly parts: Part[];
}

function topOf(stack: readonly Frame[]): Frame {
  return stack.at(-1) ?? { open: '', parts: [] };
}

/** Joins adjacent text, so that a separator is parsed together with the blanks around it. */
function addText(stack: readonly Frame[], text: string): void {
  const { parts } = topOf(stack);
  const last = parts.at(-1);
  if (last?.kind !== 'text') parts.push({ kind: 'text', text });
  else parts[parts.length - 1] = { kind: 'text', text: last.text + text };
}

function closeBracket(stack: Frame[], close: string): void {
  const isPartner = ({ open }: Frame): boolean => CLOSING.get(open) === close;
  if (!stack.some(isPartner)) {
    addText(stack, close);
    return;
  }
  while (!isPartner(topOf(stack))) unwrapTop(stack);
  const { open, parts } = topOf(stack);
  stack.pop();
  topOf(stack).parts.push({ kind: 'brackets', open, close, parts });
}

/** Moves an unclosed bracket, as text, and its contents into its parent. */
function unwrapTop(stack: Frame[]): void {
  const { open, parts } = topOf(stack);
  stack.pop();
  addText(stack, open);
  for (const part of parts)
    if (part.kind === 'text') addText(stack, part.text);
    else topOf(stack).parts.push(part);
}

/**
 * Renders a template. Values are inserted verbatim, never parsed for variables, brackets or
 * separators.
 */
export function renderTemplate(parts: readonly Part[], values: Values): string {
  return tidyName(renderParts(parts, values));
}

/**
 * A run is the separators, whitespace and gaps between two solid pieces. A run without a gap is
 * kept as written. A run with a gap is dropped at the start and end of the text; between two pieces
 * it becomes its first separator, or a space if it has only whitespace.
 */
function renderParts(parts: readonly Part[], values: Values): string {
  let text = '';
  let run: Piece[] = [];
  for (const piece of parts.flatMap((part) => piecesOf(part, values))) {
    if (piece.kind !== 'solid') run.push(piece);
    else {
      text += closeRun(run, text === '') + piece.text;
      run = [];
    }
  }
  return text + closeRun(run, true);
}

interface Piece {
  readonly kind: 'solid' | 'joint' | 'hole';
  readonly text: string;
}

const HOLE: Piece = { kind: 'hole', text: '' };

function piecesOf(part: Part, values: Values): readonly Piece[] {
  if (part.kind === 'text') return piecesOfText(part.text);
  if (part.kind === 'variable') {
    const value = values[part.variable] ?? '';
    return [value === '' ? HOLE : { kind: 'solid', text: value }];
  }
  const inside = variablesOf(part);
  if (inside.length > 0 && inside.every((name) => !values[name])) return [HOLE];
  const text = part.open + renderParts(part.parts, values) + part.close;
  return [{ kind: 'solid', text }];
}

function variablesOf(part: Part): readonly Variable[] {
  if (part.kind === 'variable') return [part.variable];
  return part.kind === 'text' ? [] : part.parts.flatMap(variablesOf);
}

const SEPARATOR = /[-‐‑–—|/\\·•:;,~+&=@_<>«»‹›→]/u;
const JOINTS = /([-‐‑–—|/\\·•:;,~+&=@_<>«»‹›→\s]+)/u;

function piecesOfText(text: string): readonly Piece[] {
  return text
    .split(JOINTS)
    .map((piece, index): Piece => {
      return { kind: index % 2 === 0 ? 'solid' : 'joint', text: piece };
    })
    .filter((piece) => piece.text !== '');
}

function closeRun(run: readonly Piece[], isAtEnd: boolean): string {
  if (!run.includes(HOLE)) return run.map((piece) => piece.text).join('');
  if (isAtEnd) return '';
  const separator = run.find((piece) => SEPARATOR.test(piece.text));
  return separator?.text ?? (run.some(({ kind }) => kind === 'joint') ? ' ' : '');
}

/**
 * Returns a name as Discord would store it: without hidden characters, whitespace collapsed and
 * trimmed, in NFC. A second call changes nothing.
 */
export function tidyName(name: string): string {
  let tidied = name;
  let before;
  do {
    before = tidied;
    tidied = withoutHidden(before).replaceAll(/ +/g, ' ').trim();
  } while (tidied !== before);
  return tidied;
}

/**
 * Unicode's whitespace, which differs from \s, and the blank Braille cell. Includes line breaks and
 * tabs.
 */
const WHITESPACE = /[\p{White_Space}\u2800]/gu;

/**
 * Invisible characters, unpaired surrogates and noncharacters. Joiners, variation selectors and
 * tags, which emoji and some scripts need, are handled below.
 */
const HIDDEN =
  /(?!\u200D|[\uFE0E\uFE0F]|[\u{E0020}-\u{E007F}])[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u180E\uFFF9-\uFFFB]/gu;

/**
 * Zero-width joiners, except inside an emoji and after a virama, where they shape the next letter.
 */
const STRAY_JOINER =
  /(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D\p{Extended_Pictographic}|(?<=[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA])\u200D\p{L})\u200D/gu;

const STRAY_SELECTOR = /(?<!\p{Emoji})[\uFE0E\uFE0F]/gu;

/** Tag characters, except after a black flag, where they spell the flag. */
const STRAY_TAG = /(?<![\u{1F3F4}\u{E0020}-\u{E007F}])[\u{E0020}-\u{E007F}]+/gu;

/** A combining mark without a base would attach to whatever precedes it. */
const STRAY_MARK = /(?<=^| )\p{M}+/gu;

function withoutHidden(text: string): string {
  return text
    .replaceAll(WHITESPACE, ' ')
    .replaceAll(HIDDEN, '')
    .replaceAll(STRAY_JOINER, '')
    .replaceAll(STRAY_SELECTOR, '')
    .replaceAll(STRAY_TAG, '')
    .replaceAll(STRAY_MARK, '')
    .normalize('NFC');
}
