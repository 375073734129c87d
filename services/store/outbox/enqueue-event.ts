import { sql, type Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

/** The types this service writes. The key is the platform user's id where there is one, so one user's events stay in order. */
export type WrittenEvent =
  | 'discord.user.linked.v1'
  | 'discord.user.unlinked.v1'
  | 'discord.roles.changed.v1'
  | 'discord.member.left.v1'
  | 'discord.member.returned.v1';

export type EnqueueEvent = (
  db: Kysely<unknown>,
  event: {
    type: WrittenEvent;
    key: string;
    data: Readonly<Record<string, unknown>>;
  },
) => Promise<void>;

/** In the transaction that makes it true. Without a broker nobody would ever take the events away, so none are kept. */
export function createEnqueueEvent(deps: { hasBroker: boolean }): EnqueueEvent {
  return async (db, { type, key, data }) => {
    if (!deps.hasBroker) return;
    await sql`
      insert into outbox (id, key, type, subject, time, data)
      values (${uuidv7()}, ${key}, ${type}, ${key}, clock_timestamp(), ${JSON.stringify(data)}::jsonb)`.execute(
      db,
    );
  };
}
