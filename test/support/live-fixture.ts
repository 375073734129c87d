import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import type {
  LiveMemory,
  MemberChanges,
  SessionPosition,
} from '../../services/discord/gateway/ports.js';
import type { Cause, ClientSettings, PresentMember } from '../../services/model.js';
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

/** Causes of marks by events whose author is not known. */
export const UPDATED = { kind: 'DISCORD', id: 'GUILD_MEMBER_UPDATE', actor: 'Discord' };
export const ADDED = { ...UPDATED, id: 'GUILD_MEMBER_ADD' };
export const REMOVED = { ...UPDATED, id: 'GUILD_MEMBER_REMOVE' };

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
    await store.applyFacts([
      snapshotOf('alice', []),
      snapshotOf('bob', []),
      snapshotOf('dave', ['pilots', 'directors']),
    ]);
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
    async takeOver(options: Partial<StoreOptions> = {}): Promise<Store> {
      const heir = await open({ ...options, owner: 'heir' });
      await fixture.query("update bot_lease set owner = 'heir'");
      return heir;
    },
    /** Applies one batch of this client's events. Resolves to the number of marked members. */
    apply: async (
      changes: Partial<Omit<MemberChanges, 'clientId'>>,
      { by = store, position = null }: { by?: Store; position?: SessionPosition | null } = {},
    ) =>
      by.live.applyEvents({
        applicationId: BOT,
        position,
        clients: [{ clientId, shown: [], left: [], bans: [], ...changes }],
      }),
    /** The mirror shows the member like this, and has done so for long. */
    async known(discordUserId: string, facts: Partial<PresentMember> = {}): Promise<void> {
      await fixture.apply({ shown: [shown(discordUserId, facts)] });
      await fixture.settleAll();
      await fixture.writtenAgo('1 hour');
      await fixture.query('delete from outbox');
    },
    /** As if a reading or a run had written the mirror then. */
    writtenAgo: async (interval: string) =>
      fixture.query(
        `update member set read_at = now() - interval '${interval}', roles_read_at = now() - interval '${interval}', live_at = null where read_at is not null`,
      ),
    member: async (discordUserId: string) =>
      fixture.row<{
        is_present: boolean;
        role_ids: string[];
        nickname: string | null;
        username: string | null;
        state: string | null;
        reason: string | null;
        read_at: Date | null;
        live_at: Date | null;
        absent_since: Date | null;
        left_role_ids: string[];
        join_refusal: string | null;
        renamed_by_hand_at: readonly string[];
      }>(`select * from member where discord_user_id = '${discordUserId}'`),
    jobs: async () =>
      fixture.query<{ discord_user_id: string; lane: number; causes: readonly Cause[] }>(
        'select discord_user_id, lane, causes from reconcile_job order by discord_user_id',
      ),
    hands: async () =>
      fixture.query<{
        role_id: string;
        is_given: boolean;
        by_name: string | null;
        by_discord_user_id: string | null;
        entry_id: string | null;
        is_held: boolean;
        reversals: number;
        disputed_since: Date | null;
        next_try_at: Date | null;
        tries: number;
      }>('select * from hand_change order by discord_user_id, role_id'),
    events: async () =>
      fixture.query<{ type: string; key: string }>(
        "select type, key from outbox where type like 'discord.member.%' order by position",
      ),
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
