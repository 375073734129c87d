import type pg from 'pg';

import type { SweepKind } from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { eventually } from '../../test/support/eventually.js';
import { openTestStore } from '../../test/support/store.js';
import type { BenchWorld } from './bench-world.js';
import { openSql } from './open-sql.js';
import { sweepToEnd } from './scaled-connector.js';
import { SERVICE_KEYS, startWithoutKafka, type Service } from './service.js';
import { settleStore, type SettledGuild } from './settled-guild.js';
import { stockStore } from './stock-store.js';

/**
 * The compiled service with the path and the sweeps in a process of its own, on settled guilds. All
 * its clients are live and have caught up, or all of them are polled and have been listed once.
 */
export interface LiveConnector {
  readonly service: Service;
  readonly store: Store;
  readonly clientIds: readonly string[];
  /** Waits until no member has to be reconciled. */
  quiet(): Promise<void>;
  /** Waits until the mirror shows this number of members as absent. */
  showsAbsent(count: number): Promise<void>;
  /** Waits until the mirror shows this number of nicknames. */
  showsRenamed(count: number): Promise<void>;
  sweep(kind: SweepKind): Promise<void>;
  /** Throws unless each live client has been live all the time. */
  checkLive(): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  readonly name: string;
  readonly settled: readonly SettledGuild[];
  readonly apiBase: string;
  readonly windowMs: number;
  readonly isLive: boolean;
}

const PATIENCE_MS = 300_000;

export async function startLiveConnector(
  world: BenchWorld,
  { name, settled, apiBase, windowMs, isLive }: Options,
): Promise<LiveConnector> {
  const databaseUrl = await (await world.postgres()).createDatabase(name);
  const guilds = settled.map(({ guild }) => guild);
  const stocked = await stockStore(databaseUrl, { guilds, apiBase });
  const clientIds = [...new Set(stocked.map(({ clientId }) => clientId))];
  await settleStore(databaseUrl, settled);
  const sql = await openSql(databaseUrl);
  await sql.query('update client set is_live = $1', [isLive]);
  await disableSchedules(sql);
  const main = await world.service();
  const service = await startWithoutKafka({
    main,
    databaseUrl,
    parts: 'sweeps,reconcile',
    windowMs,
  });
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS });
  const sweep = async (kind: SweepKind) => {
    await Promise.all(clientIds.map((clientId) => sweepToEnd(store, clientId, kind)));
  };
  const connector: LiveConnector = {
    service,
    store,
    clientIds,
    quiet: () => noJobWaits(sql),
    showsAbsent: (count) =>
      countReaches(sql, {
        count,
        of: 'member where not is_present',
        what: `the mirror shows ${count} members as absent`,
      }),
    showsRenamed: (count) =>
      countReaches(sql, {
        count,
        of: 'member where nickname is not null',
        what: `the mirror shows ${count} nicknames`,
      }),
    sweep,
    async checkLive() {
      const live = await countOf(sql, LIVE);
      if (live !== (isLive ? clientIds.length : 0)) throw new Error(`${live} clients are live`);
      const gaps = await countOf(sql, 'live_guild where gap_at is not null');
      if (gaps > 0) throw new Error(`${gaps} clients have a gap`);
    },
    async stop() {
      await store.stop();
      await service.stop();
      await sql.end();
    },
  };
  try {
    await catchUp(sql, connector, isLive);
  } catch (error) {
    await connector.stop();
    throw error;
  }
  return connector;
}

const LIVE = `live_guild where state = 'LIVE' and live_until > now()`;

/** Ends in the state of a process that has run for longer than the last minute. */
async function catchUp(sql: pg.Client, connector: LiveConnector, isLive: boolean): Promise<void> {
  if (isLive)
    await countReaches(sql, {
      count: connector.clientIds.length,
      of: LIVE,
      what: 'every client is live',
    });
  else await connector.sweep('SYNC_ACCOUNTS');
  await connector.quiet();
  await sql.query(
    `update member set read_at = read_at - interval '1 minute',
       roles_read_at = roles_read_at - interval '1 minute'`,
  );
}

/** What is due by the clock would come in between. */
async function disableSchedules(sql: pg.Client): Promise<void> {
  await sql.query(
    `insert into schedule (client_id, kind, cron, time_zone, is_enabled)
     select id, 'VERIFY_GROUPS', '*/5 * * * *', 'UTC', false from client`,
  );
}

async function noJobWaits(sql: pg.Client): Promise<void> {
  await countReaches(sql, {
    count: 0,
    of: 'reconcile_job where not is_parked',
    what: 'no job waits',
  });
}

async function countReaches(
  sql: pg.Client,
  { count, of, what }: { readonly count: number; readonly of: string; readonly what: string },
): Promise<void> {
  const isReached = async () => (await countOf(sql, of)) === count;
  await eventually(isReached, { withinMs: PATIENCE_MS, what });
}

async function countOf(sql: pg.Client, of: string): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(`select count(*)::int as count from ${of}`);
  return rows[0]?.count ?? 0;
}
