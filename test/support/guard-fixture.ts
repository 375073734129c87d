import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import { createPacing, NOTHING_KNOWN } from '../../services/discord/limits/pacing.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { PlatformFact } from '../../services/model.js';
import { createApply } from '../../services/reconcile/write/apply.js';
import { createGuildRoles } from '../../services/reconcile/plan/guild-roles.js';
import { createReconcile } from '../../services/reconcile/reconcile.js';
import type { DiscordMembers } from '../../services/reconcile/ports.js';
import type { Store } from '../../services/store/store.js';
import { DIRECTOR, PILOT, presentMember } from '../builders/member-facts.js';
import {
  cause,
  clientInput,
  createMappedClient,
  guildRole,
  membership,
  nextOrder,
} from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { createMigratedDatabase, openTestStore } from './store.js';

export type Somebody = {
  readonly platformUserId: string;
  readonly discordUserId: string;
};

export const crowdOf = (count: number): readonly Somebody[] =>
  Array.from({ length: count }, (_, index) => ({
    platformUserId: `person-${String(index).padStart(3, '0')}`,
    discordUserId: String(500000000000000100n + BigInt(index)),
  }));

export const removed = (people: readonly Somebody[], groupId = 'pilots') =>
  people.map(({ platformUserId }) => membership(platformUserId, groupId, 'removed'));

export const deleted = (people: readonly Somebody[]): readonly PlatformFact[] =>
  people.map(({ platformUserId }) => ({
    kind: 'userDeleted' as const,
    platformUserId,
    order: nextOrder(),
    cause,
  }));

/**
 * Linked holders of mapped roles, a store, and a guild in memory. No worker runs: a test can check
 * what the guard held and allowed before `run` takes the path through all due members.
 */
export function useGuard() {
  let database: TestDatabase;
  let client: pg.Client;
  let stores: Store[];
  let clientId: string;
  let mappingIds: readonly string[];
  let guild: Map<string, Set<string>>;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    stores = [await openTestStore(database.url)];
    guild = new Map();
    await setUp();
  });

  afterEach(async () => {
    for (const each of stores) await each.stop();
    await client.end();
    await database.drop();
  });

  const store = () => {
    const [first] = stores;
    if (first === undefined) throw new Error('there is no store');
    return first;
  };

  /** A client of the guild, with a mapping for each of two groups. */
  async function setUp(): Promise<void> {
    const made = await createMappedClient(
      store(),
      [
        { groupId: 'pilots', roleId: PILOT },
        { groupId: 'directors', roleId: DIRECTOR },
      ],
      clientInput(),
    );
    clientId = made.client.id;
    mappingIds = made.mappingIds;
  }

  async function query<Row extends object>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const { rows } = await client.query<Row>(text, [...values]);
    return rows;
  }

  /**
   * Links people who are in the guild with these roles, as the mirror shows them, and need no
   * change.
   */
  async function link(
    people: readonly Somebody[],
    roleIds: readonly string[] = [PILOT],
  ): Promise<void> {
    const accounts = people.map(({ discordUserId }) => discordUserId);
    await store().links.importMembers({
      clientId,
      users: people,
      dryRun: false,
      cause,
    });
    for (const id of accounts) guild.set(id, new Set(roleIds));
    await query(
      `insert into member (client_id, discord_user_id, read_at, is_present, role_ids)
       select $1::uuid, m.id, now(), true, $3::text[] from unnest($2::text[]) as m (id)
       on conflict (client_id, discord_user_id) do update set read_at = now(), is_present = true, role_ids = excluded.role_ids`,
      [clientId, accounts, roleIds],
    );
    await query('delete from reconcile_job where client_id = $1 and discord_user_id = any($2)', [
      clientId,
      accounts,
    ]);
  }

  return {
    store,
    clientId: () => clientId,
    mappingIds: () => mappingIds,
    query,
    setUp,
    link,
    /** A store of another process on the same database. */
    async another(): Promise<Store> {
      const opened = await openTestStore(database.url);
      stores.push(opened);
      return opened;
    },
    /** Adds people to both groups by a fact each, as holders of both roles. */
    async addCrowd(count: number): Promise<readonly Somebody[]> {
      const people = crowdOf(count);
      await store().applyFacts(
        people.flatMap(({ platformUserId }) => [
          membership(platformUserId, 'pilots'),
          membership(platformUserId, 'directors'),
        ]),
      );
      await link(people, [PILOT, DIRECTOR]);
      return people;
    },
    held: async () =>
      query<{ account: string; roleId: string; by: string; isStream: boolean }>(
        `select discord_user_id as account, role_id as "roleId", held_by as by, is_stream as "isStream"
         from removal_decision where verdict = 'HELD' order by 1, 2`,
      ),
    /** The accounts from which the path will remove the role. */
    due: async (roleId = PILOT) =>
      (
        await query<{ id: string }>(
          'select discord_user_id as id from reconcile_job where $1 = any(removals) order by 1',
          [roleId],
        )
      ).map(({ id }) => id),
    holders: (roleId = PILOT) =>
      [...guild].filter(([, roles]) => roles.has(roleId)).map(([id]) => id),
    /** Runs the path for all due members, one after the other. */
    async run(): Promise<void> {
      // No process runs sweeps here, so do not let a crowd wait for its list.
      await query(`update sweep set state = 'CANCELLED' where state = 'WAITING'`);
      await store().jobs.renewLeases();
      const reconcile = pathOn(store(), guild);
      for (;;) {
        const { jobs } = await store().jobs.claim({
          running: new Map(),
          inWork: [],
          runsPerClient: 1,
          except: [],
        });
        if (jobs.length === 0) return;
        for (const job of jobs) await reconcile(job);
      }
    },
    /** Moves all records and held removals two hours into the past. */
    async waitTwoHours(): Promise<void> {
      await query(
        `update audit_record set opened_at = opened_at - interval '2 hours', closed_at = closed_at - interval '2 hours'`,
      );
      await query(`update removal_decision set decided_at = decided_at - interval '2 hours'`);
    },
  };
}

/** The real run, with a guild that carries out every write. */
function pathOn(store: Store, guild: Map<string, Set<string>>) {
  const rolesOf = (id: string) => guild.get(id) ?? new Set<string>();
  const discord = {
    readMember: async ({ discordUserId }) => ({
      isPresent: true as const,
      ...presentMember({ roleIds: [...rolesOf(discordUserId)] }),
    }),
    addRole: async ({ member, roleId }) => void rolesOf(member.discordUserId).add(roleId),
    removeRole: async ({ member, roleId }) => void rolesOf(member.discordUserId).delete(roleId),
    editMember: async ({ member, roleIds }) => {
      guild.set(member.discordUserId, new Set(roleIds));
      return presentMember({ roleIds: roleIds ?? [] });
    },
    readRoles: async () => ({
      ownerId: null,
      roles: [guildRole(PILOT), guildRole(DIRECTOR)],
    }),
  } satisfies Partial<DiscordMembers>;
  const clock = Date.now;
  const guildRoles = createGuildRoles({ discord, memory: store.memory, clock });
  const pacing = createPacing({ writeOutlook: () => NOTHING_KNOWN, clock, runsPerClient: 4 });
  return createReconcile({
    memory: store.memory,
    discord,
    apply: createApply({ discord, pacing, guildRoles, clock }),
    pacing,
    bringIn: async () => {
      throw new Error('nobody of this guild has signed in');
    },
    guildRoles,
    interruptions: {
      handleError: async (_, { error }) => {
        throw error;
      },
    },
    lease: { hold: () => () => true },
    clock,
    logger: silentLogger,
  });
}
