import { beforeEach, describe, expect, test } from 'vitest';

import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { SECRETS } from '../support/rig.js';

const REASON = 'Discord does not know the guild';
const lines: unknown[] = [];
const path = usePath({
  store: {
    logger: Object.assign(Object.create(silentLogger), {
      info: (fields: unknown, what: string) => lines.push({ fields, what }),
    }),
  },
});
const ends = () => lines.filter((line) => JSON.stringify(line).includes('client recovered'));

beforeEach(() => void lines.splice(0));

describe('the end of a client’s trouble is logged once', () => {
  test.each([
    ['a pause, when its runs succeed again', 'PAUSED', goOn],
    ['a pause, when the doctor gets through', 'PAUSED', () => endByDoctor()],
    ['a stop, when the client gets a token', 'STOPPED', () => giveToken()],
  ] as const)('%s', async (_what, kind, end) => {
    const { store, clientId } = path.rig();
    for (const name of ['alice', 'bob', 'carol'] as const) await path.link(name);
    await store.memory.saveTrouble(clientId, { kind, reason: REASON });

    await end();
    await path.rig().quiet();

    expect(await path.client()).toMatchObject({ trouble: null });
    expect(ends()).toEqual([
      {
        fields: { clientId, trouble: REASON },
        what: 'client recovered',
      },
    ]);
  });

  test('but not if there was no trouble', async () => {
    await path.link('alice');
    await endByDoctor();
    await giveToken();

    expect(ends()).toEqual([]);
  });
});

/** Three concurrent runs, which all started while the client was in trouble. */
async function goOn(): Promise<void> {
  const { store } = path.rig();
  await store.applyFacts(['alice', 'bob', 'carol'].map((name) => membership(name, 'pilots')));
  await path.expirePause();
  await path.rig().restart();
  await eventually(() => path.rig().rolesOf('alice')?.includes(DEMO.roles.pilot) === true);
}

async function endByDoctor(): Promise<void> {
  const { store, clientId } = path.rig();
  await store.clearTrouble(clientId);
}

async function giveToken(): Promise<void> {
  const { store, clientId } = path.rig();
  const { botToken } = SECRETS;
  await store.clients.updateClient(clientId, { botToken }, cause);
}
