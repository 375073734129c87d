import { expect, test } from 'vitest';

import { DatabaseUnavailableError, InputError } from '../../services/lib/errors.js';
import { patiently, patientStore } from './patience.js';

const away = () => new DatabaseUnavailableError('database unreachable');

function storeFailing(errors: Error[]) {
  let calls = 0;
  return {
    calls: () => calls,
    read: {
      async count(more: number) {
        calls += 1;
        const error = errors.shift();
        if (error !== undefined) throw error;
        return 40 + more;
      },
    },
  };
}

test('a read of the test’s own store is repeated until the database responds', async () => {
  const raw = storeFailing([away(), away()]);
  const store = patientStore(raw);

  expect(await store.read.count(2)).toBe(42);
  expect(raw.calls()).toBe(3);
  expect(store.calls()).toBe(3);
});

test('a refused read is not repeated', async () => {
  const raw = storeFailing([new InputError('CONFLICT', 'a sweep is already running')]);

  await expect(patientStore(raw).read.count(2)).rejects.toThrow('already running');
  expect(raw.calls()).toBe(1);
});

test('a database that never responds fails the world in the end', async () => {
  const ask = async () => Promise.reject(away());

  await expect(patiently(ask, 0)).rejects.toThrow('database unreachable');
});
