import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import { sweepPorts } from '../../services/connector/timed.js';
import { createDiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { Cause, SweepKind } from '../../services/model.js';
import { judgePlan } from '../../services/reconcile/guard/guard.js';
import { DEMO } from '../../services/demo/demo-world.js';
import type { Guild } from '../../services/sweep/ports.js';
import { planNicknameOf } from '../../services/reconcile/plan/plan-nickname.js';
import { createRunner } from '../../services/sweep/runner.js';
import { cause, snapshotOf } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { mapDemoGroups, startRig, type Rig } from './rig.js';
import { createMigratedDatabase } from './store.js';

type Person = keyof typeof DEMO.accounts;

/** What Discord answers may be changed on its way to the sweep. */
export type Tamper = (guild: Guild) => Partial<Guild>;

/** The demo guild with its groups mapped, the path, and a process that runs sweeps. */
export function useSweeps(options: Parameters<typeof startRig>[1] = {}) {
  let database: TestDatabase;
  let rig: Rig;
  let tamper: Tamper = () => ({});
  let direct: pg.Client;
  const cleanUps: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    tamper = () => ({});
    database = await createMigratedDatabase();
    rig = await startRig(database.url, options);
    await mapDemoGroups(rig);
    direct = new pg.Client({ connectionString: database.url });
    await direct.connect();
    cleanUps.push(await startRunner(rig, () => tamper));
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    await direct.end();
    await rig.stop();
    await database.drop();
  });

  const ports = () => sweepPorts(rig.store);
  const start = async (kind: SweepKind, dryRun: boolean, by: Cause = cause) =>
    ports().sweeps.startSweep({
      clientId: rig.clientId,
      kind,
      dryRun,
      enforceStrategy: null,
      cause: by,
    });
  const find = async (id: string) => {
    const [sweep] = await ports().sweeps.findSweeps([id]);
    if (sweep === undefined) throw new Error(`no sweep ${id}`);
    return sweep;
  };

  const fixture = {
    rig: () => rig,
    ports,
    start,
    find,
    url: () => database.url,
    tamper(next: Tamper) {
      tamper = next;
    },
    /**
     * From its start to its end, and that of the path's work for it; the calls counted are those of
     * both.
     */
    async sweep(kind: SweepKind, { dryRun = false } = {}) {
      rig.discord.calls.reset();
      const { id } = await start(kind, dryRun);
      await eventually(async () => (await find(id)).finishedAt !== null);
      await rig.quiet();
      return find(id);
    },
    async link(...names: readonly Person[]) {
      for (const name of names)
        await rig.store.links.linkMember({
          clientId: rig.clientId,
          platformUserId: name,
          discordUserId: DEMO.accounts[name],
          cause,
        });
      await rig.quiet();
    },
    async query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
      return (await direct.query<Row>(text)).rows;
    },
    calls: () => rig.discord.calls.counts(),
    async presenceOf(name: Person) {
      const [row] = await fixture.query<{ is_present: boolean; state: string }>(
        `select is_present, state from member where discord_user_id = '${DEMO.accounts[name]}'`,
      );
      return row;
    },
    /**
     * Alice is a pilot and a director, Bob is known to be in no group; the guild has been listed
     * once.
     */
    async settledGuild(): Promise<void> {
      await rig.store.applyFacts([
        snapshotOf('alice', ['pilots', 'directors']),
        snapshotOf('bob', []),
      ]);
      await fixture.link('alice', 'bob');
      await fixture.sweep('VERIFY_GROUPS');
    },
  };
  return fixture;
}

/** What of a member a moderator changes. */
export const held = (name: Person, roleId: string) => ({
  guildId: DEMO.guildId,
  discordUserId: DEMO.accounts[name],
  roleId,
});

export const LIST = 'GET /guilds/{guild_id}/members 200';
export const COUNTS = 'GET /guilds/{guild_id}/roles/member-counts 200';
export const READ = 'GET /guilds/{guild_id}/members/{user_id} 200';

async function startRunner(rig: Rig, tamper: () => Tamper): Promise<() => Promise<void>> {
  const { store } = rig;
  const gateway = createDiscordRest({
    credentials: (clientId) => store.readCredentials(clientId),
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    globalRequestsPerSecond: 10_000,
  });
  const runner = createRunner({
    memory: { ...store.sweeps, runs: store.sweeps.runs(judgePlan) },
    async guildOf(clientId) {
      const { guildId, revision } = await store.readCredentials(clientId);
      const guild = { clientId, guildId, revision };
      const plain: Guild = {
        listMembers: async (page) => gateway.listMembers(guild, page),
        readRoleCounts: async () => gateway.readRoleCounts(guild),
        refreshRoles: async () => store.memory.saveRoles(clientId, await gateway.readRoles(guild)),
      };
      return { ...plain, ...tamper()(plain) };
    },
    planNickname: planNicknameOf,
    saveTrouble: async (clientId, trouble) => store.memory.saveTrouble(clientId, trouble),
    onSweep: store.sweeps.onSweep,
    pause: async () => sleep(1),
    clock: Date.now,
    logger: silentLogger,
  });
  await runner.start();
  return async () => {
    await runner.stop();
    await gateway.stop();
  };
}
