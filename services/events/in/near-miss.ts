/**
 * Finds the word of ours that a slightly wrong one means: different case, separators, number or
 * tense, or one word misspelt by at most two letters. Another verb or noun is a different word.
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

/** The longest of our names has 40. */
const MOST_CHARACTERS = 80;
const MOST_LETTERS = 2;

/** How many letters of one word differ; more than two for names that differ in more than that. */
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

/** Lower case, without the version. `membershipChanged` is two words, as `membership.changed`. */
function wordsOf(name: string): readonly string[] {
  const words = name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  return /^v?\d+$/.test(words.at(-1) ?? '') ? words.slice(0, -1) : words;
}

/** The same for the singular and the plural, and for the tenses of a regular verb. */
function stemOf(word: string): string {
  return word.replace(/(?:ing|ed|es|e|s)$/, '');
}

/** Letters to insert, remove or replace: Levenshtein's, with one row of his table. */
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
