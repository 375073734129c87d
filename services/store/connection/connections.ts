import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import { UnavailableError } from '../../lib/errors.js';
import type { Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import { stopsAllWrites, translateConnect } from './away.js';
import { type Database, openDatabase } from './database.js';
import { createListener } from './listen.js';
import type { Db } from '../entities/entities.js';

type Options = Omit<Parameters<typeof openDatabase>[0], 'onOutage'> &
  Omit<Parameters<typeof createListener>[0], 'onSilent' | 'onRefused'>;

/** Opens the pool and the LISTEN connection, and creates the monitor of database writes. */
export async function openConnections(options: Options) {
  const writes = createWriteWatch({
    write: async () => writeProbe(database.sql()),
    logger: options.logger,
  });
  const { onOutage } = writes;
  const database: Database = await openDatabase({ ...options, onOutage });
  const { cutAll: onSilent } = database;
  const onRefused = (error: unknown) => {
    const fault = translateConnect(error);
    if (fault instanceof UnavailableError) onOutage(fault.message);
  };
  const listener = createListener({ ...options, onSilent, onRefused });
  return {
    database,
    listener,
    /**
     * If both fail, reports the failing writes rather than the lost LISTEN connection, because
     * their reason is more specific.
     */
    ready: () => {
      const writing = writes.ready();
      return writing.ok ? listener.ready() : writing;
    },
    close: async () => {
      await writes.stop();
      await listener.stop();
      await database.close();
    },
  };
}

/** Monitors whether the database accepts writes. */
interface WriteWatch {
  /** Call it when a statement or connection attempt fails because of the database itself. */
  readonly onOutage: (words: string) => void;
  readonly ready: () => Readiness;
  readonly stop: () => Promise<void>;
}

const EVERY_MS = 1_000;

/**
 * After an outage, writes one row repeatedly until a write succeeds, and reports not ready until
 * then. An outage that may affect only one read or connection counts only if this write fails too,
 * so that a slow search does not take the process out of service.
 */
function createWriteWatch(deps: {
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

/** Writes the table's only row. Concurrent writers briefly wait for each other. */
const writeProbe = (db: Db): Promise<unknown> =>
  sql`
    insert into write_probe (is_only, written_at) values (true, clock_timestamp())
    on conflict (is_only) do update set written_at = excluded.written_at`.execute(db);
