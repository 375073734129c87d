/**
 * Causes by SQLSTATE, in words for callers and readiness. The server's own message may name
 * accounts and paths, so it is not shown.
 */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^53100$/, 'the database is out of disk space'],
  [/^53200$/, 'the database is out of memory'],
  [/^53300$/, 'the database has no free connections'],
  [/^53(000|400)$/, 'the database is out of resources'],
  [/^58030$/, 'the database cannot read or write its disk'],
  [/^25006$/, 'the database is read-only'],
  [/^57014$/, 'the database cancelled a statement that ran too long'],
  [/^57P0[12]$/, 'the database closed the connection'],
  [/^57P03$/, 'the database is starting or recovering'],
];

/** For connection attempts. Whatever the server answers, the database is unusable. */
const CONNECT_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'the database rejected the user name or password'],
  [/^3D000$/, 'the database does not exist'],
  [/^(42501|55000)$/, 'the database is not accepting connections'],
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

function wordsIn(table: typeof WORDS, error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const code = codeOf(each);
    const found = table.find(([pattern]) => pattern.test(code));
    if (found) return found[1];
  }
  return null;
}

/** What prevents a valid statement from running; null: no outage. */
export const outageOf = (error: unknown): string | null => wordsIn(WORDS, error);

export const connectOutageOf = (error: unknown): string | null =>
  wordsIn(CONNECT_WORDS, error) ?? outageOf(error);

/** No write can succeed while this lasts. Other causes may concern a single read or connection. */
export const stopsAllWrites = (words: string): boolean => CERTAIN.has(words);

const CERTAIN: ReadonlySet<string> = new Set([
  'the database is out of disk space',
  'the database cannot read or write its disk',
  'the database is read-only',
  ...CONNECT_WORDS.map(([, words]) => words),
]);
