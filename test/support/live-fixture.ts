import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import type { LiveMemory } from '../../services/discord/gateway/ports.js';
import type { ClientSettings, PresentMember } from '../../services/model.js';
import { NOTHING_SETTLED } from '../../services/reconcile/settle/settlement.js';
import type { Store, StoreOptions } from '../../services/store/store.js';
import { DIRECTOR, PILOT, presentMember } from '../builders/member-facts.js';
import { createMappedClient, link, snapshotOf } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { must } from './must.js';
import { createMigratedDatabase, openTestStore } from './store.js';

export const BOT = '800000000000000001';
export const ALICE = '600000000000000001';
export const BOB = '600000000000000002';

type LiveState = Parameters<LiveMemory['saveLiveState']>[1];

export const LIVE: LiveState = { state: 'LIVE', reason: null, liveForMs: 60_000 };

/**
 * A store that leases the bot of a client with two mapped groups. Alice is linked and in no group;
 * her first run is settled.
 */
export function useLive() {
  let database: TestDatabase;
  let store: Store;
  let clientId: string;
  let direct: pg.Client;
  const opened: Store[] = [];

  async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
    const another = await openTestStore(database.url, options);
    opened.push(another);
    return another;
  }

  beforeEach(async () => {
    database = await createMigratedDatabase();
    direct = new pg.Client({ connectionString: database.url });
    await direct.connect();
    store = await open();
    const { client } = await createMappedClient(store, [
      { groupId: 'pilots', roleId: PILOT },
      { groupId: 'directors', roleId: DIRECTOR },
    ]);
    clientId = client.id;
    await store.applyFacts([snapshotOf('alice', []), snapshotOf('bob', [])]);
    await link(store, clientId, 'alice', ALICE);
    await store.jobs.renewLeases();
    await fixture.settleAll();
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.stop();
    await direct.end();
    await database.drop();
  });

  const fixture = {
    store: () => store,
    live: () => store.live,
    clientId: () => clientId,
    databaseUrl: () => database.url,
    open,
    async query<Row extends pg.QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> {
      return (await direct.query<Row>(text, [...values])).rows;
    },
    async row<Row extends pg.QueryResultRow>(text: string): Promise<Row> {
      return must((await fixture.query<Row>(text))[0]);
    },
    /** Claims all due jobs and settles them as runs that change nothing. */
    async settleAll(by = store): Promise<void> {
      const { jobs } = await by.jobs.claim({
        running: new Map(),
        inWork: [],
        runsPerClient: 1_000,
        except: [],
      });
      for (const job of jobs) await by.memory.settle(job, NOTHING_SETTLED);
    },
    async update(settings: Partial<ClientSettings>): Promise<void> {
      await store.clients.updateClient(clientId, settings, {
        kind: 'MUTATION',
        id: 'settings',
        actor: 'tests',
      });
      await fixture.settleAll();
    },
    /** Another process leases the bot, as after the end of this process's lease. */
    async takeOver(): Promise<Store> {
      const heir = await open({ owner: 'heir' });
      await fixture.query("update bot_lease set owner = 'heir'");
      return heir;
    },
    liveGuild: () =>
      fixture.row<{
        state: string;
        reason: string | null;
        since: Date;
        gap_at: Date | null;
        live_until: Date | null;
        unavailable_since: Date | null;
        missed: string;
      }>('select * from live_guild'),
  };
  return fixture;
}

export const shown = (discordUserId: string, facts: Partial<PresentMember> = {}) => ({
  discordUserId,
  member: presentMember(facts),
});
