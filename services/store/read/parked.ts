import { type RawBuilder, sql } from 'kysely';

import type { ClientId, DiscordUserId, PlatformUserId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import type { Db } from '../entities/entities.js';

interface ParkedCauseCount {
  readonly cause: string;
  /** How to end the parking; null: the member was parked by a version that did not record this. */
  readonly endedBy: string | null;
  readonly members: number;
}

export interface ParkedMembers {
  /** Number of parked members, counted up to MOST_COUNTED. */
  readonly members: number;
  /** At most five causes, the most frequent first. */
  readonly causes: readonly ParkedCauseCount[];
}

/** Counting stops at this number, because one role above the bot may park a whole guild. */
const MOST_COUNTED = 20_000;

/** Query of the parked members of client `c`. They are retried after a mark or on the next day. */
const parkedOf = (alsoNot: RawBuilder<unknown>) => sql`
  select m.parking, m.reason from member m
  join reconcile_job j on j.client_id = m.client_id and j.discord_user_id = m.discord_user_id and j.is_parked
  where m.client_id = c.id and m.state = 'PARKED' and ${alsoNot}
  limit ${sql.lit(MOST_COUNTED)}`;

const counted = (from: RawBuilder<unknown>, alsoNot: RawBuilder<unknown>) => sql`
  with parked as materialized (
    select c.id as client_id, p.* from ${from} c cross join lateral (${parkedOf(alsoNot)}) p
  ), caused as (
    select p.client_id, e ->> 'cause' as cause, min(e ->> 'endedBy') as ended_by, count(*)::int as members
    from parked p cross join lateral jsonb_array_elements(
      coalesce(p.parking, jsonb_build_array(jsonb_build_object('cause', coalesce(p.reason, 'no cause is known'))))) e
    group by 1, 2
  )
  select k.client_id as "clientId", k.members, (
    select jsonb_agg(jsonb_build_object('cause', x.cause, 'endedBy', x.ended_by, 'members', x.members)
      order by x.members desc, x.cause)
    from (select * from caused z where z.client_id = k.client_id order by z.members desc, z.cause limit 5) x) as causes
  from (select client_id, count(*)::int as members from parked group by client_id) k`;

interface Row extends ParkedMembers {
  readonly clientId: ClientId;
}

/** Returns each client's parked members; null: none. */
export async function parkedOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (ParkedMembers | null)[]> {
  const clients = sql`(select unnest(${ids}::uuid[]) as id)`;
  const { rows } = await sql<Row>`${counted(clients, sql`true`)}`.execute(db);
  const found = new Map(rows.map((row) => [row.clientId, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** Returns one client's parked members, without those in `except`; null: none. */
export async function readParked(
  db: Db,
  clientId: ClientId,
  except: readonly DiscordUserId[],
): Promise<ParkedMembers | null> {
  const client = sql`(select ${clientId}::uuid as id)`;
  const alsoNot = sql`m.discord_user_id <> all(${except}::text[])`;
  const { rows } = await sql<Row>`${counted(client, alsoNot)}`.execute(db);
  return rows[0] ?? null;
}

/**
 * Returns, for example, `2 members are parked and retried once a day: role Pilot
 * (3000…) is not below the bot (2)`.
 */
export function describeParked({ members, causes }: ParkedMembers): string {
  const list = causes.map((each) => `${each.cause} (${each.members})`);
  const who = members === 1 ? '1 member is' : `${members} members are`;
  return `${who} parked and retried once a day: ${list.join('; ')}`;
}

interface Row {
  readonly id: string;
  readonly count: number;
}

/**
 * Counts each client's members that wait for a reconcile or are being reconciled, without parked
 * ones.
 */
export async function pendingOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly number[]> {
  const { rows } = await sql<Row>`
    select client_id as id, count(*)::int as count from reconcile_job
    where client_id = any(${ids}::uuid[]) and not is_parked
    group by client_id`.execute(db);
  return counts(ids, rows);
}

export async function pendingOfPlatformUsers(
  db: Asker,
  ids: readonly PlatformUserId[],
): Promise<readonly number[]> {
  const { rows } = await sql<Row>`
    select l.platform_user_id as id, count(*)::int as count
    from link l join reconcile_job j on j.client_id = l.client_id and j.discord_user_id = l.discord_user_id
    where l.platform_user_id = any(${ids}::text[]) and not j.is_parked
    group by l.platform_user_id`.execute(db);
  return counts(ids, rows);
}

function counts(ids: readonly string[], rows: readonly Row[]) {
  const found = new Map(rows.map(({ id, count }) => [id, count]));
  return ids.map((id) => found.get(id) ?? 0);
}
