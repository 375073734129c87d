import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import type { OutboxEvent } from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { PILOT } from '../builders/member-facts.js';
import { cause, createMappedClient, link, membership } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

async function drained(store: Store): Promise<readonly OutboxEvent[]> {
  const events: OutboxEvent[] = [];
  await store.outbox.drain(100, async (batch) => void events.push(...batch));
  return events;
}

describe('events about a person', () => {
  const path = usePath();

  test('are published with the person as the key, in order: linked, roles changed, left, unlinked', async () => {
    const { store, clientId, discord, quiet } = path.rig();
    const linkId = await path.link('alice');
    await store.applyFacts([membership('alice', 'pilots')]);
    await quiet();
    discord.moderator.leave({
      guildId: DEMO.guildId,
      discordUserId: DEMO.accounts.alice,
    });
    await store.links.reconcileMember({
      id: linkId,
      cause,
      waitMs: patienceMs(),
    });
    await store.links.unlinkMember({ id: linkId, cause });
    await path.passMinuteOfAbsence();
    await expect.poll(async () => store.read.countLinks(clientId, {})).toBe(0);

    const events = await drained(store);

    expect(events.map((event) => [event.type, event.key])).toEqual([
      ['discord.user.linked.v1', 'alice'],
      ['discord.roles.changed.v1', 'alice'],
      ['discord.member.left.v1', 'alice'],
      ['discord.user.unlinked.v1', 'alice'],
    ]);
    expect(events[1]?.data).toMatchObject({
      clientId,
      guildId: DEMO.guildId,
      platformUserId: 'alice',
      added: [DEMO.roles.pilot],
      removed: [],
    });
    expect(await drained(store)).toEqual([]);
  });
});

describe('the outbox', () => {
  let database: TestDatabase;
  const stores: Store[] = [];

  beforeEach(async () => {
    database = await createMigratedDatabase();
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.stop();
    await database.drop();
  });

  async function open(hasBroker: boolean): Promise<Store> {
    const store = await openTestStore(database.url, { hasBroker });
    stores.push(store);
    return store;
  }

  test('keeps an event that could not be sent', async () => {
    const store = await open(true);
    const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: PILOT }]);
    await link(store, client.id, 'alice', '600000000000000001');

    const failing = store.outbox.drain(100, async () => {
      throw new Error('the broker is away');
    });

    await expect(failing).rejects.toThrow('the broker is away');
    expect(await drained(store)).toHaveLength(1);
  });

  test('is drained by one process at a time', async () => {
    const [one, other] = [await open(true), await open(true)];
    const { client } = await createMappedClient(one, [{ groupId: 'pilots', roleId: PILOT }]);
    await link(one, client.id, 'alice', '600000000000000001');

    let sentMeanwhile = -1;
    await one.outbox.drain(100, async () => {
      sentMeanwhile = await other.outbox.drain(100, async () => {});
    });

    expect(sentMeanwhile).toBe(0);
  });

  test('holds no transaction open while it waits for the broker', async () => {
    const store = await open(true);
    const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: PILOT }]);
    await link(store, client.id, 'alice', '600000000000000001');

    let openTransactions: unknown;
    await store.outbox.drain(100, async () => {
      openTransactions = await ask(
        database.url,
        "select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
      );
    });

    expect(openTransactions).toEqual([]);
  });

  test('is taken over by another process when the draining process loses its connection', async () => {
    const [one, other] = [await open(true), await open(true)];
    const { client } = await createMappedClient(one, [{ groupId: 'pilots', roleId: PILOT }]);
    await link(one, client.id, 'alice', '600000000000000001');

    let sentByOther = 0;
    await one.outbox.drain(100, async () => {
      await ask(
        database.url,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'discord-connector listener'",
      );
      await eventually(async () => {
        sentByOther = await other.outbox.drain(100, async () => {}).catch(() => 0);
        return sentByOther > 0;
      });
    });

    expect(sentByOther).toBe(1);
    expect(await drained(other)).toEqual([]);
  });

  test('stays empty if there is no broker', async () => {
    const store = await open(false);
    const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: PILOT }]);
    await link(store, client.id, 'alice', '600000000000000001');

    expect(await drained(store)).toEqual([]);
  });
});
