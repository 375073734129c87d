import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { getOperationAST, parse } from 'graphql';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const pages = execFileSync('git', ['ls-files', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

const withoutCode = (text: string) =>
  text.replaceAll(/^ *```[^]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** As GitHub builds the anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(page: string): readonly string[] {
  const text = read(page).replaceAll(/^ *```[^]*?^ *```/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

function brokenLinks(page: string): readonly string[] {
  const targets = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
  return targets.filter((target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
}

describe('the documentation', () => {
  test.each(pages)('has no broken link in %s', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test('lists every decision record', () => {
    const folder = 'docs/decisions';
    const records = readdirSync(join(root, folder)).filter((file) => /^\d{4}-/.test(file));
    const overview = read(`${folder}/README.md`);

    expect(records.length).toBeGreaterThan(0);
    expect(records.filter((file) => !overview.includes(`(${file})`))).toEqual([]);
  });

  test('lists every setting that the configuration reads', () => {
    const schema = read('services/config.ts');
    const names = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'NODE_ENV');
    const [table, example] = [read('docs/settings.md'), read('.env.example')];

    expect(names.length).toBeGreaterThan(25);
    expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
    expect(names.filter((name) => !example.includes(name))).toEqual([]);
  });

  test('keeps the README short enough to read in one go', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(250);
  });

  test('names the tabs of the first five minutes as the playground shows them', () => {
    const [minutes = ''] =
      /^## The first five minutes\n[^]*?(?=^## )/m.exec(read('README.md')) ?? [];
    const named = [...minutes.matchAll(/\b[Rr]un(?: the tab)?\s+`([^`]+)`/g)].map(
      ([, name]) => name,
    );
    const operations = readdirSync(join(root, 'schema/operations'));
    const tabs = operations.map(
      (file) => getOperationAST(parse(read(`schema/operations/${file}`)))?.name?.value,
    );

    expect(named).toHaveLength(5);
    expect(tabs).toEqual(expect.arrayContaining(named));
  });
});
