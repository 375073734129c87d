import { expect, test, vi } from 'vitest';

import { createTestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';

test('createTestDatabase gives every caller its own empty database', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);

  await ask(one.url, 'create table only_here ()');
  const found = await ask(other.url, "select to_regclass('only_here') as it");

  expect(found).toEqual([{ it: null }]);
  await Promise.all([one.drop(), other.drop()]);
});

test('createTestDatabase migrates once for all callers that request the same template', async () => {
  const migrate = vi.fn(async (url: string) => {
    await ask(url, 'create table migrated as select 7 as number');
  });

  const databases = await Promise.all(
    Array.from({ length: 4 }, async () => createTestDatabase(migrate, 'once')),
  );

  expect(migrate).toHaveBeenCalledTimes(1);
  for (const { url, drop } of databases) {
    expect(await ask(url, 'table migrated')).toEqual([{ number: 7 }]);
    await drop();
  }
});

test('createTestDatabase leaves no template behind after a failed migration', async () => {
  const failing = async () => Promise.reject(new Error('broken migration'));
  const create = async () => createTestDatabase(failing, 'broken');

  await expect(create()).rejects.toThrow('broken migration');
  await expect(create()).rejects.toThrow('broken migration');
});
