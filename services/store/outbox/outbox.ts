import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { OutboxEvent } from '../../model.js';
import type { Database } from '../connection/database.js';
import { anyOf } from '../connection/expressions.js';
import type { Listener } from '../connection/listen.js';
import type { Db } from '../entities/entities.js';

/**
 * An arbitrary number. One process drains at a time, so that events are sent in the order they were
 * written.
 */
const LOCK = 741_300_113;

/**
 * Holds no transaction and no pool connection while waiting for the broker. It may be unreachable
 * for long, and an open transaction would hold back vacuum and be ended by the server's timeouts.
 * If a process dies between sending and deleting, the next one sends the same events again, with
 * the same ids.
 */
export function createDrainOutbox(deps: {
  readonly database: Database;
  readonly lock: Listener['tryLock'];
}) {
  return async (
    limit: number,
    send: (events: readonly OutboxEvent[]) => Promise<void>,
  ): Promise<number> => {
    const unlock = await deps.lock(LOCK);
    if (unlock === null) return 0;
    try {
      const events = await oldest(deps.database, limit);
      if (events.length === 0) return 0;
      await send(events);
      await forget(deps.database, events);
      return events.length;
    } finally {
      await unlock();
    }
  };
}

async function oldest(database: Database, limit: number): Promise<readonly OutboxEvent[]> {
  return database.sql().selectFrom('outbox').selectAll().orderBy('position').limit(limit).execute();
}

/**
 * Deletes exactly these positions, not all up to the last: a transaction that began earlier may
 * have added an event before it meanwhile.
 */
async function forget(database: Database, events: readonly OutboxEvent[]): Promise<void> {
  const positions = events.map(({ position }) => position);
  await database.sql().deleteFrom('outbox').where('position', '=', anyOf(positions)).execute();
}

/**
 * The event types this service writes. The key is the platform user's id if there is one, so that
 * one user's events stay in order.
 */
export type WrittenEvent =
  | 'discord.membership.requested.v1'
  | 'discord.user.linked.v1'
  | 'discord.user.unlinked.v1'
  | 'discord.roles.changed.v1'
  | 'discord.member.left.v1'
  | 'discord.member.returned.v1'
  | 'discord.sweep.held.v1';

interface NewEvent {
  /** Set if something else already names the event; absent: a new id. */
  readonly id?: string;
  readonly type: WrittenEvent;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type EnqueueEvent = (db: Db, event: NewEvent) => Promise<void>;

export type EnqueueEvents = (db: Db, events: readonly NewEvent[]) => Promise<void>;

/**
 * Call it in the transaction that makes the events true. Without a broker nothing would ever remove
 * events, so none are stored.
 */
export function createEnqueueEvents(deps: { readonly hasBroker: boolean }): EnqueueEvents {
  return async (db, events) => {
    if (!deps.hasBroker || events.length === 0) return;
    await sql`
      insert into outbox (id, key, type, subject, time, data)
      select e.id, e.key, e.type, e.key, clock_timestamp(), e.data
      from unnest(${events.map((event) => event.id ?? uuidv7())}::uuid[], ${events.map((event) => event.key)}::text[],
        ${events.map((event) => event.type)}::text[], ${events.map((event) => JSON.stringify(event.data))}::jsonb[])
        with ordinality as e (id, key, type, data, place)
      order by e.place`.execute(db);
  };
}

export function createEnqueueEvent(deps: { readonly hasBroker: boolean }): EnqueueEvent {
  const enqueueEvents = createEnqueueEvents(deps);
  return async (db, event) => enqueueEvents(db, [event]);
}
