import type pg from 'pg';

import { silentLogger } from '../services/lib/logger.js';
import { createLease } from '../services/reconcile/lease.js';
import { settledUnlinked } from '../services/reconcile/settle/settlement.js';
import { createWorker } from '../services/reconcile/worker.js';
import { createPacing, NOTHING_KNOWN } from '../services/discord/limits/pacing.js';
import { openDatabase } from '../services/store/connection/database.js';
import { markClient } from '../services/store/jobs/mark.js';
import { cause } from '../test/builders/store-world.js';
import { openTestStore } from '../test/support/store.js';
import { benchGuilds } from './support/bench-guilds.js';
import type { Answer, Bench, Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { rounded } from './support/quantiles.js';
import { stockStore, type StockedMember } from './support/stock-store.js';
import { openSql } from './support/open-sql.js';
import { SERVICE_KEYS } from './support/service.js';

export const jobs: Bench = {
  name: 'jobs',
  question: 'what does the job table take to mark and to work off?',
  answer,
};

/** Needs no reading. Otherwise the worker would list the guild first, and the jobs would wait. */
const MARK = { ...cause, kind: 'SWEEP' } as const;
const GUILDS = 4;
const RUNS_PER_CLIENT = 4;

async function answer(world: BenchWorld): Promise<Answer> {
  const marks = world.isQuick ? 20_000 : 100_000;
  const seconds = world.isQuick ? 1 : 4;
  const databaseUrl = await (await world.postgres()).createDatabase('jobs');
  const members = await stockStore(databaseUrl, {
    guilds: benchGuilds({
      guilds: GUILDS,
      rolesEach: 5,
      membersEach: marks,
    }).map((guild, index) =>
      // All members in the first guild; a few in the others, so that four bots can be worked side
      // by side.
      index === 0 ? guild : { ...guild, discordUserIds: guild.discordUserIds.slice(0, 5_000) },
    ),
    apiBase: 'http://127.0.0.1:1/api/v10',
  });
  const clientIds = [...new Set(members.map((member) => member.clientId))];
  const sql = await openSql(databaseUrl);
  const marking = await markingRows(databaseUrl, sql, {
    marks,
    clientId: clientIds[0] ?? '',
  });
  const burst = await workOff(databaseUrl, { seconds });
  await sql.query('vacuum analyze reconcile_job');
  const one = await workOff(databaseUrl, { seconds });
  await markAll(databaseUrl, clientIds.slice(1));
  const four = await workOff(databaseUrl, { seconds });
  const floor = await floorOf(databaseUrl, members, seconds);
  await sql.end();
  return {
    rows: [
      ...marking,
      workRow('no-op jobs, first burst of a new table', burst, floor),
      workRow('no-op jobs of one client, 4 at a time', one, floor),
      workRow('no-op jobs of four clients, 16 at a time', four, floor),
      workRow('floor: bare deletes, 16 connections', floor, floor),
    ],
    notes: [
      'Marks: one statement each, as when a client is enabled again. Bare SQL inserts the same rows into a table with the same columns and indexes.',
      'No-op jobs: the worker claims, reads what is known of the member and settles it unchanged; Discord is not asked.',
      'In the first burst the database has no statistics of the table yet; it gathers them by itself within some minutes.',
      'The floor takes one job for each durable commit: delete … where … in (select … for update skip locked limit 1).',
    ],
  };
}

function workRow(what: string, perSecond: number, floor: number): Row {
  return {
    what,
    'jobs/s': Math.round(perSecond),
    ratio: rounded(perSecond / floor),
  };
}

async function markingRows(
  databaseUrl: string,
  sql: pg.Client,
  { marks, clientId }: { readonly marks: number; readonly clientId: string },
): Promise<readonly Row[]> {
  await sql.query('create table bare_job (like reconcile_job including all)');
  const bare = await timed(() =>
    sql.query(
      `insert into bare_job (client_id, discord_user_id, lane, due_at, causes)
       select client_id, discord_user_id, 10, now(), $2::jsonb from link where client_id = $1`,
      [clientId, JSON.stringify([cause])],
    ),
  );
  await sql.query('drop table bare_job');
  const first = await timed(() => markAll(databaseUrl, [clientId]));
  const again = await timed(() => markAll(databaseUrl, [clientId]));
  const row = (what: string, ms: number) => ({
    what: `${marks.toLocaleString('en-GB')} ${what}`,
    ms: Math.round(ms),
    'rows/s': Math.round(marks / (ms / 1_000)),
    ratio: rounded(bare / ms),
  });
  return [
    row('marks, nobody marked yet', first),
    row('marks, everybody marked already', again),
    row('floor: rows into a bare table', bare),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function markAll(url: string, clientIds: readonly string[]): Promise<void> {
  const database = await openDatabase({
    url,
    poolSize: 2,
    logger: silentLogger,
  });
  for (const clientId of clientIds)
    await markClient(database.sql(), { clientId, state: 'ANY', cause: MARK });
  await database.close();
}

/** The service's own worker on a path that does nothing. Resolves with jobs settled per second. */
async function workOff(
  databaseUrl: string,
  { seconds }: { readonly seconds: number },
): Promise<number> {
  // With other keys the process could not read the bots' tokens, and would get no work.
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS, poolSize: 20 });
  const { jobs, memory } = store;
  let settled = 0;
  const worker = createWorker({
    jobs,
    lease: createLease({
      jobs,
      leaseMs: 9_000,
      callMs: 6_000,
      monotonicMs: () => performance.now(),
      logger: silentLogger,
    }),
    reconcile: async (job) => {
      await memory.readMember(job);
      const ending = settledUnlinked();
      if (ending.kind === 'settled') await memory.settle(job, ending.settlement);
      settled += 1;
      return null;
    },
    pacing: createPacing({
      writeOutlook: () => NOTHING_KNOWN,
      clock: Date.now,
      runsPerClient: RUNS_PER_CLIENT,
    }),
    logger: silentLogger,
    runsPerClient: RUNS_PER_CLIENT,
    windowMs: 0,
    pollMs: 1_000,
  });
  await worker.start();
  await pause(1_000);
  const before = settled;
  const tookMs = await timed(() => pause(seconds * 1_000));
  const done = settled - before;
  await worker.stop();
  await store.stop();
  if (done === 0) throw new Error('the worker settled no job');
  return done / (tookMs / 1_000);
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What the database alone can do where every job is a commit. */
async function floorOf(
  databaseUrl: string,
  members: readonly StockedMember[],
  seconds: number,
): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  const clientId = members[0]?.clientId;
  const deleted = await Promise.all(
    Array.from({ length: GUILDS * RUNS_PER_CLIENT }, async () => {
      const client = await openSql(databaseUrl);
      let count = 0;
      while (performance.now() < until) {
        await client.query(
          `delete from reconcile_job where (client_id, discord_user_id) in (
             select client_id, discord_user_id from reconcile_job where client_id = $1
             order by lane desc, due_at for update skip locked limit 1)`,
          [clientId],
        );
        count += 1;
      }
      await client.end();
      return count;
    }),
  );
  return deleted.reduce((sum, count) => sum + count, 0) / seconds;
}
