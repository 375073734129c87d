import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

const tests = join(import.meta.dirname, '..');
const FIRST_WORDS = 'what went wrong elsewhere';

/** What went wrong, and the files and titles of the tests that prevent it. */
interface Row {
  readonly what: string;
  readonly places: readonly {
    readonly path: string;
    readonly names: readonly string[];
  }[];
}

function rowsOf(text: string): readonly Row[] {
  const lines = text.slice(text.indexOf(FIRST_WORDS)).split('\n').slice(2);
  return lines
    .filter((line, n) => line.startsWith('|') && !isHead(lines, n))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => ({
      what: cells.slice(1, -2).join(' '),
      places: placesOf(cells.at(-2) ?? ''),
    }));
}

/** The header of a table, or the dashes below it. */
const isHead = (lines: readonly string[], n: number) =>
  [lines[n], lines[n + 1]].some((line) => line?.startsWith('| --'));

/**
 * Parses `db/links: "a name", "another"; unit/discord`. A semicolon, or a comma outside quotes,
 * starts a new place.
 */
function placesOf(where: string): Row['places'] {
  return where.split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/).flatMap((part) => {
    const [path = '', ...after] = part.trim().split(/:(.*)/s);
    const names = [...after.join('').matchAll(/"([^"]*)"/g)].map(([, name = '']) => name);
    const [first = '', ...others] = path
      .replace(/\(.*\)/, '')
      .split(',')
      .map((each) => each.trim());
    const folder = first.slice(0, first.lastIndexOf('/') + 1);
    return [first, ...others.map((each) => folder + each)].map((each) => ({
      path: each.trim(),
      names,
    }));
  });
}

/** The text of a test file, or of all files in a folder; null: no such path. */
function textOf(path: string): string | null {
  const home = path.startsWith('packages/') ? join(tests, '..') : tests;
  const file = join(home, `${path}.test.ts`);
  if (isThere(file)) return readFileSync(file, 'utf8');
  const folder = join(home, path);
  if (!isThere(folder)) return null;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** "…" in a title replaces its omitted middle, or the value from a table of cases. */
const fragments = (name: string) =>
  name
    .split('…')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const rows = rowsOf(readFileSync(join(tests, 'README.md'), 'utf8'));

describe('the list of past mistakes', () => {
  test('has more than 60 rows, and a test file in each', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter(({ places }) => places.length === 0)).toEqual([]);
  });

  test.each(rows)('names only existing tests: $what', ({ places }) => {
    for (const { path, names } of places) {
      const text = textOf(path);
      expect(text, path).not.toBeNull();
      const plain = text?.replaceAll("\\'", "'").replaceAll(/'\s*\+\s*'/g, '');
      for (const name of names)
        for (const fragment of fragments(name))
          expect(plain?.includes(fragment), `${path}: ${fragment}`).toBe(true);
    }
  });
});
