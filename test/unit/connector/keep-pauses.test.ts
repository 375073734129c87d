import { expect, onTestFinished, test } from 'vitest';

import { createKeepPauses } from '../../../services/connector/discord.js';
import type { OnPause } from '../../../services/discord/limits/sending-pauses.js';
import { DatabaseUnavailableError } from '../../../services/lib/errors.js';
import { silentLogger } from '../../../services/lib/logger.js';
import type { SendingPause } from '../../../services/model.js';
import { eventually } from '../../support/eventually.js';

const away = () => new DatabaseUnavailableError('database unreachable');

const pauseUntil = (hour: number): SendingPause => ({
  cause: 'Cloudflare asked to wait',
  since: new Date(Date.UTC(2026, 10, 29, 0)),
  until: new Date(Date.UTC(2026, 10, 29, hour)),
});

/** The store's row of each client; each planned error fails one save. */
async function openPauses(errors: Error[]) {
  const rows = new Map<string, SendingPause | null>();
  let tries = 0;
  let report: OnPause = () => undefined;
  const part = createKeepPauses({
    gateway: {
      onPause(listener) {
        report = listener;
        return () => undefined;
      },
      forgetCredentials: () => undefined,
      tryAllNow: () => undefined,
    },
    store: {
      async saveSending(clientId, pause) {
        tries += 1;
        const error = errors.shift();
        if (error !== undefined) throw error;
        rows.set(clientId, pause);
      },
      onTryNow: async () => async () => undefined,
    },
    logger: silentLogger,
  });
  await part.start();
  onTestFinished(() => part.stop());
  return {
    part,
    rows,
    tries: () => tries,
    report: (...news: Parameters<OnPause>) => report(...news),
  };
}

test('a pause that begins while the database is unreachable is saved when the database is back', async () => {
  const { rows, report } = await openPauses([away(), away()]);

  report('client-1', pauseUntil(1));

  await eventually(() => rows.has('client-1'));
  expect(rows.get('client-1')).toEqual(pauseUntil(1));
});

test('a pause that ends while the database is unreachable is not shown any longer', async () => {
  const errors: Error[] = [];
  const { rows, report } = await openPauses(errors);
  report('client-1', pauseUntil(1));
  await eventually(() => rows.has('client-1'));

  errors.push(away());
  report('client-1', null);

  await eventually(() => rows.get('client-1') === null);
});

test('of several changes during an outage only the last is saved', async () => {
  const { rows, tries, report } = await openPauses([away()]);

  report('client-1', pauseUntil(1));
  await eventually(() => tries() === 1);
  report('client-1', pauseUntil(2));
  report('client-1', pauseUntil(3));

  await eventually(() => rows.has('client-1'));
  expect(rows.get('client-1')).toEqual(pauseUntil(3));
  expect(tries()).toBe(2);
});

test('a stop does not wait for a database that stays unreachable', async () => {
  const { part, rows, tries, report } = await openPauses(Array.from({ length: 1_000 }, away));
  report('client-1', pauseUntil(1));
  await eventually(() => tries() > 0);

  await part.stop();

  expect(rows.size).toBe(0);
});
