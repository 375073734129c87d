import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { sweepPorts } from '../../../services/connector/timed.js';
import type { NicknameStrategy } from '../../../services/model.js';
import type { Store } from '../../../services/store/store.js';
import { defaultSchedule, nextRun } from '../../../services/sweep/schedule.js';
import { cause, clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
});

afterEach(async () => {
  await store.stop();
  await database.drop();
});

const schedules = () => store.sweeps.schedules({ nextRun, defaultsOf: defaultSchedule });

async function client(strategy: NicknameStrategy): Promise<string> {
  const nicknamePolicy = {
    strategy,
    template: '%username',
    onUnlink: 'RESET' as const,
  };
  const { id } = await store.clients.createClient(clientInput({ nicknamePolicy }));
  return id;
}

async function name(id: string, strategy: NicknameStrategy): Promise<void> {
  const nicknamePolicy = {
    strategy,
    template: '%username',
    onUnlink: 'RESET' as const,
  };
  await store.clients.updateClient(id, { nicknamePolicy }, cause);
}

async function nicknames(id: string) {
  const [found = []] = await schedules().schedulesOfClients([id]);
  const schedule = found.find(({ kind }) => kind === 'ENFORCE_NICKNAMES');
  const minutes = schedule?.nextRunAt ? (schedule.nextRunAt.getTime() - Date.now()) / 60_000 : null;
  return { isEnabled: schedule?.isEnabled, minutes };
}

describe('the schedule of the nickname sweep', () => {
  test('is off for a client without a nickname policy', async () => {
    const id = await client('NONE');

    expect(await nicknames(id)).toEqual({ isEnabled: false, minutes: null });
  });

  test('is due within an hour for a client created with a nickname policy', async () => {
    const found = await nicknames(await client('EVE_ONLINE'));

    expect(found.isEnabled).toBe(true);
    expect(found.minutes).toBeLessThanOrEqual(60);
  });

  test('is due within an hour once a client gets a policy, and off again without it', async () => {
    const id = await client('NONE');
    await schedules().addMissing();

    await name(id, 'TEMPLATE');
    const named = await nicknames(id);
    expect(named.isEnabled).toBe(true);
    expect(named.minutes).toBeLessThanOrEqual(60);

    await name(id, 'NONE');
    expect(await nicknames(id)).toEqual({ isEnabled: false, minutes: null });
  });

  test('stays off after an admin disabled it, even if the policy changes', async () => {
    const id = await client('TEMPLATE');
    await schedules().addMissing();
    await sweepPorts(store).schedules.updateSchedule({
      clientId: id,
      kind: 'ENFORCE_NICKNAMES',
      isEnabled: false,
    });

    await name(id, 'EVE_ONLINE');

    expect((await nicknames(id)).isEnabled).toBe(false);
  });

  test('is on again after a reset if there is a policy', async () => {
    const id = await client('TEMPLATE');
    const { schedules: port } = sweepPorts(store);
    const kind = 'ENFORCE_NICKNAMES';
    await port.updateSchedule({ clientId: id, kind, isEnabled: false });

    const reset = await port.loadDefaultSchedule(id);

    expect(reset.find((each) => each.kind === kind)?.isEnabled).toBe(true);
  });
});
