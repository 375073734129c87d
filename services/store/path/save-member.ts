import { type RawBuilder, sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import type { MemberKey, MemberReading, PlatformUserId } from '../../model.js';
import type { Db } from '../entities/entities.js';

/** Columns of `member`. */
export type MemberColumns = Readonly<Record<string, RawBuilder<unknown>>>;

interface RunEnd {
  /** The last reading from Discord; null if this run made none. */
  readonly observed: MemberReading | null;
  /**
   * True: Discord returned `observed` in this run. False: `observed` is the mirror plus the run's
   * writes.
   */
  readonly isReading: boolean;
  /** Columns of the member's state after the run, such as `state` and `reason`. */
  readonly standing: MemberColumns;
  /** The statement that ends the claim on the job. */
  readonly job: RawBuilder<unknown>;
}

/**
 * Saves the reading in the mirror, stores the run's result and ends the claim. Uses one statement to
 * save round trips, because every run executes it. Then publishes an event if a linked member left
 * or returned. `mayEnd` is true if the client has a retired mapping or is being deleted; the caller
 * must then call `endDrained`.
 */
export async function saveMember(
  db: Db,
  member: MemberKey,
  { observed, isReading, standing, job }: RunEnd,
  enqueueEvent: EnqueueEvent,
): Promise<{ readonly mayEnd: boolean }> {
  const { clientId, discordUserId } = member;
  const columns = {
    ...(observed !== null && columnsOf(observed)),
    ...(isReading && { roles_read_at: sql`clock_timestamp()` }),
    ...standing,
  };
  const names = Object.keys(columns);
  const { rows } = await sql<{ was_present: boolean | null; may_end: boolean }>`
    with before as (
      select is_present from member
      where client_id = ${clientId} and discord_user_id = ${discordUserId} and read_at is not null
    ), job as (${job})
    insert into member (client_id, discord_user_id, absent_since, ${sql.join(names.map((name) => sql.ref(name)))})
    values (${clientId}, ${discordUserId}, ${observed?.isPresent === false ? sql`clock_timestamp()` : sql`null`},
      ${sql.join(Object.values(columns))})
    on conflict (client_id, discord_user_id) do update set
      ${sql.join([
        ...names.map((name) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`),
        ...(observed === null ? [] : [sql`roles_lost_at = ${rolesLostAt()}`]),
        ...(observed === null ? [] : presence(observed.isPresent)),
      ])}
    returning (select is_present from before) as was_present,
      exists (select from role_mapping m where m.client_id = ${clientId} and m.retired_at is not null)
        or exists (select from client c where c.id = ${clientId} and c.ending_at is not null) as may_end`.execute(
    db,
  );
  const [row] = rows;
  const wasPresent = row?.was_present ?? null;
  const isNews = wasPresent !== null && wasPresent !== observed?.isPresent;
  if (observed !== null && isNews)
    await publishPresence(db, member, observed.isPresent, enqueueEvent);
  return { mayEnd: row?.may_end ?? false };
}

/**
 * Sets `absent_since`, the time since which Discord reports the account as not in the guild, and
 * `left_role_ids`, the roles it had until then.
 */
function presence(isPresent: boolean): readonly RawBuilder<unknown>[] {
  if (isPresent) return [sql`absent_since = null`, sql`left_role_ids = '{}'::text[]`];
  return [
    sql`absent_since = coalesce(member.absent_since, clock_timestamp())`,
    sql`left_role_ids = case when member.is_present then member.role_ids else member.left_role_ids end`,
  ];
}

/**
 * An account outside the guild is stored without roles, because Discord removes all roles of a
 * member who leaves. Its names stay as last observed.
 */
function columnsOf(reading: MemberReading): MemberColumns {
  if (!reading.isPresent) {
    return {
      read_at: sql`clock_timestamp()`,
      is_present: sql`false`,
      role_ids: sql`'{}'::text[]`,
      is_pending: sql`false`,
      timed_out_until: sql`null::timestamptz`,
    };
  }
  return {
    read_at: sql`clock_timestamp()`,
    is_present: sql`true`,
    join_refusal: sql`null::text`,
    role_ids: sql`${reading.roleIds}::text[]`,
    username: sql`${reading.username}`,
    display_name: sql`${reading.displayName}`,
    nickname: sql`${reading.nickname}`,
    is_pending: sql`${reading.isPending}`,
    is_bot: sql`${reading.isBot === true}::boolean`,
    timed_out_until: sql`${reading.timedOutUntil?.toISOString() ?? null}::timestamptz`,
    ...(reading.joinedAt && {
      joined_at: sql`${reading.joinedAt.toISOString()}::timestamptz`,
    }),
  };
}

async function publishPresence(
  db: Db,
  { clientId, discordUserId }: MemberKey,
  isPresent: boolean,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const { rows } = await sql<{
    platform_user_id: PlatformUserId;
    guild_id: string;
  }>`
    select l.platform_user_id, c.guild_id from link l join client c on c.id = l.client_id
    where l.client_id = ${clientId} and l.discord_user_id = ${discordUserId}
      and l.status = 'ACTIVE'`.execute(db);
  for (const row of rows) {
    await enqueueEvent(db, {
      type: isPresent ? 'discord.member.returned.v1' : 'discord.member.left.v1',
      key: row.platform_user_id,
      data: {
        clientId,
        discordUserId,
        guildId: row.guild_id,
        platformUserId: row.platform_user_id,
      },
    });
  }
}

/**
 * The new value of `member.roles_lost_at` in an upsert of `member`: now, if the new roles (`shown`)
 * lack a foreign role that the old row had. The connector never removes foreign roles, so either someone
 * else did or Discord's response is wrong. For a minute after this time, no run replaces the
 * member's whole role list.
 */
export function rolesLostAt(shown = sql`excluded.role_ids`): RawBuilder<unknown> {
  return sql`
    case when exists (
      select from unnest(member.role_ids) as h (id)
      where h.id <> all(${shown}) and not exists (
        select from role_mapping m where m.client_id = member.client_id and m.role_id = h.id)
    ) then clock_timestamp() else member.roles_lost_at end`;
}
