import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { UnavailableError } from '../../lib/errors.js';
import type { Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import { stopsAllWrites } from './outage-words.js';

/** Whether the database can be written to. */
export interface WriteWatch {
  /** A statement or connection attempt failed because of the database itself. */
  readonly onOutage: (words: string) => void;
  readonly ready: () => Readiness;
  readonly stop: () => Promise<void>;
}

const EVERY_MS = 1_000;

/**
 * After an outage, writes one row repeatedly until that works, and reports not ready meanwhile. A
 * cause that may concern one read or connection counts only if that write fails too: a slow search
 * must not take a process out of service. Does nothing while all is well.
 */
export function createWriteWatch(deps: {
  /** Writes one row; rejects with the statement's own error. */
  readonly write: () => Promise<unknown>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly everyMs?: number;
}): WriteWatch {
  const { write, logger, everyMs = EVERY_MS } = deps;
  const stopping = new AbortController();
  let cause: string | null = null;
  let probing: Promise<void> | null = null;

  const begin = (words: string) => {
    if (cause === null) logger.warn({ cause: words }, 'database writes failing');
    cause = words;
  };
  const probe = async (isCertain: boolean) => {
    const { signal } = stopping;
    if (isCertain) await sleep(everyMs, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      try {
        await write();
        if (cause !== null) logger.info({ cause }, 'database writes recovered');
        cause = null;
        return;
      } catch (error) {
        // Not an outage: this row cannot be written for a reason that does not affect other writes.
        if (!(error instanceof UnavailableError)) {
          cause = null;
          return;
        }
        begin(error.message);
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  };
  return {
    onOutage(words) {
      if (stopping.signal.aborted) return;
      const isCertain = stopsAllWrites(words);
      if (isCertain) begin(words);
      probing ??= probe(isCertain).finally(() => {
        probing = null;
      });
    },
    ready: () => (cause === null ? { ok: true } : { ok: false, reason: cause }),
    async stop() {
      stopping.abort();
      await probing;
    },
  };
}

/** A single row; processes that write it at the same time briefly wait for each other. */
export const writeProbe = (db: Db): Promise<unknown> =>
  sql`
    insert into write_probe (is_only, written_at) values (true, clock_timestamp())
    on conflict (is_only) do update set written_at = excluded.written_at`.execute(db);
