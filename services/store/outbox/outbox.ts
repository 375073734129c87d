import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { OutboxEvent } from '../../model.js';
import type { Database } from '../connection/database.js';
import { anyOf } from '../connection/expressions.js';
import type { Listener } from '../connection/listen.js';
import type { Db } from '../entities/entities.js';

/**
 * Arbitrary key of an advisory lock. Only one process sends events at a time, so that they are sent
 * in the order they were written.
 */
const LOCK = 741_300_113;

/**
 * Sends the oldest events, deletes them and returns how many. Holds no transaction and no pool
 * connection while waiting for the broker: the broker may be unreachable for long, and an open
 * transaction would hold back vacuum and be ended by the server's timeouts. If a process dies
 * between sending and deleting, the next one sends the same events again, with the same ids.
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
 * Deletes exactly these positions, not all up to the last, because a transaction that began earlier
 * may meanwhile have committed an event with a lower position.
 */
async function forget(database: Database, events: readonly OutboxEvent[]): Promise<void> {
  const positions = events.map(({ position }) => position);
  await database.sql().deleteFrom('outbox').where('position', '=', anyOf(positions)).execute();
}

/**
 * The event types this service writes. An event's key is the platform user's id, if it has one, so
 * that the events of one user stay in order.
 */
export type WrittenEvent =
  | 'discord.membership.requested.v1'
  | 'discord.user.linked.v1'
  | 'discord.user.unlinked.v1'
  | 'discord.roles.changed.v1'
  | 'discord.member.left.v1'
  | 'discord.member.returned.v1'
  | 'discord.member.banned.v1'
  | 'discord.member.disputed.v1'
  | 'discord.sweep.held.v1';

export interface NewEvent {
  /**
   * Set if the event already has an id, such as the id of a request. Absent: the event gets a new
   * id.
   */
  readonly id?: string;
  readonly type: WrittenEvent;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type EnqueueEvent = (db: Db, event: NewEvent) => Promise<void>;

export type EnqueueEvents = (db: Db, events: readonly NewEvent[]) => Promise<void>;

/**
 * Returns a function that stores events. Call that function in the transaction of the change that
 * the events report. Without a broker it stores nothing, because nothing would ever delete the
 * events.
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
