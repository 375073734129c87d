import { readdir, readFile } from 'node:fs/promises';

import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const OPERATIONS = new URL('schema/operations/', ROOT);

/** The playground titles a tab with the name of its operation. */
async function tabs(): Promise<readonly (string | undefined)[]> {
  const files = await readdir(OPERATIONS);
  const texts = await Promise.all(
    files.map((file) => readFile(new URL(file, OPERATIONS), 'utf8')),
  );
  return texts.map((text) => getOperationAST(parse(text))?.name?.value);
}

test('the first five minutes name the tabs as the playground shows them', async () => {
  const readme = await readFile(new URL('README.md', ROOT), 'utf8');
  const [minutes = ''] =
    /^## The first five minutes\n[^]*?(?=^## )/m.exec(readme) ?? [];
  const named = [...minutes.matchAll(/\b[Rr]un(?: the tab)?\s+`([^`]+)`/g)].map(
    ([, name]) => name,
  );

  expect(named).toHaveLength(5);
  expect(await tabs()).toEqual(expect.arrayContaining(named));
});
