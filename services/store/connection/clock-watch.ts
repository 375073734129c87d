import { sql } from 'kysely';

import type { Part, Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import type { Database } from './database.js';

/** The difference above which this process's times would mislead other processes. */
const CLOCK_TOLERANCE_MS = 5_000;

const EVERY_MS = 15_000;

/**
 * Compares this process's clock with the database's, which all processes share. Logs when a
 * difference begins and ends, and fails readiness while it lasts. Keeps the last result while the
 * database is unreachable.
 */
export function createClockWatch({
  database,
  clock,
  logger,
  everyMs = EVERY_MS,
}: {
  readonly database: Pick<Database, 'sql'>;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly everyMs?: number;
}): Part {
  let aheadMs: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  let comparing: Promise<void> = Promise.resolve();

  const compare = async () => {
    const before = aheadMs;
    aheadMs = beyondTolerance(await measure(database, clock));
    if (before === null && aheadMs !== null)
      logger.warn({ aheadMs }, 'clock differs from the database');
    if (before !== null && aheadMs === null) logger.info('clock agrees with the database again');
  };
  const tryCompare = async () =>
    compare().catch((error: unknown) => logger.debug({ err: error }, 'clock comparison failed'));
  const wait = () => {
    timer = setTimeout(() => {
      comparing = tryCompare().then(() => {
        if (timer !== null) wait();
      });
    }, everyMs).unref();
  };
  return {
    name: 'clock',
    async start() {
      await tryCompare();
      wait();
    },
    async stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      await comparing;
    },
    ready: () => readinessOf(aheadMs),
  };
}

interface Measurement {
  readonly aheadMs: number;
  /** Half the duration of the query, which is the largest possible error of `aheadMs`. */
  readonly uncertainMs: number;
}

async function measure(database: Pick<Database, 'sql'>, clock: () => number): Promise<Measurement> {
  const askedMs = clock();
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(database.sql());
  const tookMs = Math.max(0, clock() - askedMs);
  const databaseMs = rows[0]?.ms ?? askedMs;
  return {
    aheadMs: askedMs + tookMs / 2 - databaseMs,
    uncertainMs: tookMs / 2,
  };
}

function beyondTolerance({ aheadMs, uncertainMs }: Measurement): number | null {
  const isBeyond = Math.abs(aheadMs) - uncertainMs > CLOCK_TOLERANCE_MS;
  return isBeyond ? Math.round(aheadMs) : null;
}

function readinessOf(aheadMs: number | null): Readiness {
  if (aheadMs === null) return { ok: true };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  return {
    ok: false,
    reason: `the clock of this process is ${seconds} s ${direction} the database's clock; synchronize it`,
  };
}
