import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';

import { silentLogger } from '../services/lib/logger.js';
import { openDatabase } from '../services/store/connection/database.js';
import { markClient } from '../services/store/jobs/mark.js';
import type { Store } from '../services/store/store.js';
import { cause, membership } from '../test/builders/store-world.js';
import { eventually } from '../test/support/eventually.js';
import { openTestStore } from '../test/support/store.js';
import type { Answer, Bench, Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { openSql } from './support/open-sql.js';
import { rounded } from './support/quantiles.js';
import { SERVICE_KEYS, startWithoutKafka, type Service } from './support/service.js';
import {
  type SettledGuild,
  settledGuilds,
  settledWorld,
  settleStore,
} from './support/settled-guild.js';
import { mappedGroup, stockStore } from './support/stock-store.js';

export const processes: Bench = {
  name: 'processes',
  question: 'how do several processes share forty bots on one database?',
  answer,
};

const BOTS = 40;
const PROCESSES = [1, 2, 4];

/** Needs no reading, so the members are settled without Discord. */
const MARK = { ...cause, kind: 'SWEEP' } as const;

async function answer(world: BenchWorld): Promise<Answer> {
  const rows: Row[] = [];
  for (const count of PROCESSES) rows.push(await measure(world, count));
  return {
    rows,
    notes: [
      `${BOTS} guilds with a bot each, the sandbox Discord without rate limits, durable PostgreSQL; all on the same cores.`,
      'Settled: every member is marked; the processes find nothing to change and do not call Discord.',
      'Changed: every member gets one role, one call each. Calls of a bot: fewest and most.',
      'Hand-over: from SIGTERM or SIGKILL of one process until the others hold all its bots.',
    ],
  };
}

async function measure(world: BenchWorld, count: number): Promise<Row> {
  const members = world.isQuick ? 25 : 250;
  const settled = settledGuilds({ guilds: BOTS, members, roles: 2, groupsOf: () => [0] });
  const databaseUrl = await (await world.postgres()).createDatabase(`processes_${count}`);
  const discord = createSandboxDiscord({ world: settledWorld(settled), limits: null });
  const { apiBase } = await discord.start();
  const stocked = await stockStore(databaseUrl, {
    guilds: settled.map(({ guild }) => guild),
    apiBase,
  });
  await settleStore(databaseUrl, settled);
  const clientIds = [...new Set(stocked.map(({ clientId }) => clientId))];
  const watch = await openWatch(databaseUrl);
  const main = await world.service();
  const start = () => startWithoutKafka({ main, databaseUrl, parts: 'reconcile', windowMs: 0 });
  const services = await Promise.all(Array.from({ length: count }, start));
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS });
  try {
    await watch.shared(count);
    await markAll(databaseUrl, clientIds);
    const settledMs = await watch.quiet();
    discord.calls.reset();
    const walBefore = await watch.walBytes();
    await grantAll(
      store,
      stocked.map(({ platformUserId }) => platformUserId),
    );
    const changedMs = await watch.quiet();
    const wal = (await watch.walBytes()) - walBefore;
    const perSecond = (ms: number) => Math.round((BOTS * members) / (ms / 1_000));
    return {
      processes: count,
      'settled/s': perSecond(settledMs),
      'changed/s': perSecond(changedMs),
      'WAL, kB a change': rounded(wal / 1_000 / (BOTS * members)),
      'calls of a bot': callsOfBots(discord, settled),
      ...(await handOvers(services, watch)),
    };
  } finally {
    await store.stop();
    await Promise.all(services.map((service) => service.stop()));
    await watch.close();
    await discord.stop();
  }
}

async function markAll(url: string, clientIds: readonly string[]): Promise<void> {
  const database = await openDatabase({ url, poolSize: 2, logger: silentLogger });
  for (const clientId of clientIds)
    await markClient(database.sql(), { clientId, state: 'ANY', cause: MARK });
  await database.close();
}

async function grantAll(store: Store, userIds: readonly string[]): Promise<void> {
  for (let from = 0; from < userIds.length; from += 1_000)
    await store.applyFacts(
      userIds.slice(from, from + 1_000).map((userId) => membership(userId, mappedGroup(1))),
    );
}

function callsOfBots({ calls }: SandboxDiscord, settled: readonly SettledGuild[]): string {
  const counts = settled.map(({ guild: { guildId } }) => calls.count({ guildId }));
  return `${Math.min(...counts)} to ${Math.max(...counts)}`;
}

/** Stops one process and kills another, as long as one remains to take over. */
async function handOvers(services: readonly Service[], watch: Watch): Promise<Row> {
  const [first, second] = services;
  if (first === undefined || second === undefined)
    return { 'hand-over after a stop, s': '', 'after a kill, s': '' };
  const stopped = await watch.handOver(services.length - 1, () => first.stop());
  const isLast = services.length === 2;
  const died = isLast ? null : await watch.handOver(services.length - 2, () => second.stop(0));
  return { 'hand-over after a stop, s': stopped, 'after a kill, s': died ?? '' };
}

interface Watch {
  /** Waits until this many processes hold equal shares of all bots. */
  shared(count: number): Promise<void>;
  /** Waits until no job is left; resolves to the time since the first job was marked, in ms. */
  quiet(): Promise<number>;
  /** Bytes written to the write-ahead log since the database server was created. */
  walBytes(): Promise<number>;
  /** Resolves to the time from `end` until this many processes hold all bots, in seconds. */
  handOver(count: number, end: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

async function openWatch(databaseUrl: string): Promise<Watch> {
  const sql = await openSql(databaseUrl);
  const holders = async (): Promise<readonly number[]> => {
    const { rows } = await sql.query<{ bots: number }>(
      `select count(*)::int as bots from bot_lease where leased_until > now() group by owner`,
    );
    return rows.map(({ bots }) => bots);
  };
  const isShared = async (count: number) => {
    const bots = await holders();
    const held = bots.reduce((sum, each) => sum + each, 0);
    return bots.length === count && held === BOTS && Math.max(...bots) - Math.min(...bots) <= 1;
  };
  const shared = async (count: number) =>
    eventually(() => isShared(count), {
      withinMs: 60_000,
      what: `${count} processes share the bots`,
    });
  return {
    shared,
    async quiet() {
      const startedAt = performance.now();
      const isQuiet = async () =>
        (await sql.query('select from reconcile_job limit 1')).rows.length === 0;
      await eventually(isQuiet, { withinMs: 300_000, what: 'every job is settled' });
      return performance.now() - startedAt;
    },
    async walBytes() {
      const { rows } = await sql.query<{ bytes: number }>(
        `select (pg_current_wal_lsn() - '0/0')::float8 as bytes`,
      );
      return rows[0]?.bytes ?? 0;
    },
    async handOver(count, end) {
      const startedAt = performance.now();
      const ended = end();
      await shared(count);
      const seconds = (performance.now() - startedAt) / 1_000;
      await ended;
      return Number(seconds.toFixed(1));
    },
    close: () => sql.end(),
  };
}
