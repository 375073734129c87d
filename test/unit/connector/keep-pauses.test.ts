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

interface Known {
  /** In this process. */
  readonly paused?: readonly string[];
  /** In the database. */
  readonly inForce?: () => Promise<ReadonlySet<string>>;
}

/** The store's row of each client; each planned error fails one save. */
async function openPauses(
  errors: Error[],
  { paused = [], inForce = async () => new Set() }: Known = {},
) {
  const rows = new Map<string, SendingPause | null>();
  let tries = 0;
  let report: OnPause = () => undefined;
  let notify: (clientId: string | null) => void = () => undefined;
  const tried: string[] = [];
  const part = createKeepPauses({
    gateway: {
      onPause(listener) {
        report = listener;
        return () => undefined;
      },
      forgetCredentials: (clientId) => void tried.push(clientId),
      pausedClients: () => paused,
    },
    store: {
      async saveSending(clientId, pause) {
        tries += 1;
        const error = errors.shift();
        if (error !== undefined) throw error;
        rows.set(clientId, pause);
      },
      readUntriedPauses: inForce,
      async onTryNow(tryNow) {
        notify = tryNow;
        return async () => undefined;
      },
    },
    logger: silentLogger,
  });
  await part.start();
  onTestFinished(() => part.stop());
  return {
    part,
    rows,
    tries: () => tries,
    tried,
    notify: (clientId: string | null) => notify(clientId),
    report: (...news: Parameters<OnPause>) => report(...news),
  };
}

test('a pause that begins while the database is unreachable is saved when the database is back', async () => {
  const { rows, report } = await openPauses([away(), away()]);

  report('client-1', pauseUntil(1));

  await eventually(() => rows.has('client-1'));
  expect(rows.get('client-1')).toEqual(pauseUntil(1));
});

test('a pause that ends while the database is unreachable is cleared when the database is back', async () => {
  const errors: Error[] = [];
  const { rows, report } = await openPauses(errors);
  report('client-1', pauseUntil(1));
  await eventually(() => rows.has('client-1'));

  errors.push(away());
  report('client-1', null);

  await eventually(() => rows.get('client-1') === null);
});

test('only the last of several changes during an outage is saved', async () => {
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

test('a lost connection retries only clients whose stored pause has ended or carries a request', async () => {
  const answers = [async () => Promise.reject(away()), async () => new Set(['client-3'])];
  const inForce = async () => (await answers.shift()?.()) ?? new Set<string>();
  const { tried, notify } = await openPauses([], { paused: ['client-2', 'client-3'], inForce });

  notify('client-1');
  notify(null);

  await eventually(() => tried.length === 2);
  expect(tried).toEqual(['client-1', 'client-2']);
});

test('an unsaved pause is not mistaken for an ended one', async () => {
  const { rows, tried, notify, report } = await openPauses([away()], {
    paused: ['client-1', 'client-2'],
    inForce: async () => new Set(rows.keys()),
  });

  report('client-1', pauseUntil(1));
  notify(null);

  await eventually(() => tried.length > 0);
  expect(tried).toEqual(['client-2']);
});
