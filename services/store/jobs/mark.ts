import { type RawBuilder, sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import {
  LANES,
  type Cause,
  type ClientId,
  type DiscordUserId,
  type GroupId,
  type Lane,
  type LinkId,
  type MemberKey,
} from '../../model.js';
import type { EndedMembership } from '../facts/end-memberships.js';
import type { Folded, MemberMark, PersonMark } from '../facts/touched.js';
import { startListing } from './start-listing.js';

/**
 * Marks members to be reconciled, for the given causes. `concerned` is a query of `(client_id,
 * discord_user_id, causes)`. There is one job per member. A further mark raises the job's version
 * but keeps the more urgent lane and the earlier due time, so a burst of marks becomes one
 * reconcile. Every function here marks with one statement. Call it in the transaction of the change
 * that causes the mark. Rows are inserted in key order, so that two transactions never deadlock.
 */
function raiseJobs(
  concerned: RawBuilder<unknown>,
  /** A lane, or the column of `concerned` that has it. */
  lane: Lane | RawBuilder<unknown>,
  besides: RawBuilder<unknown> = sql``,
) {
  return sql`
    with concerned as (${concerned}) ${besides}
    insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
    select client_id, discord_user_id, ${lane}::smallint, clock_timestamp(), causes
    from concerned order by client_id, discord_user_id
    on conflict (client_id, discord_user_id) do update set
      version = nextval('reconcile_version'),
      lane = greatest(reconcile_job.lane, excluded.lane),
      due_at = least(reconcile_job.due_at, excluded.due_at),
      is_parked = false,
      marked_at = case when reconcile_job.is_parked then excluded.marked_at else reconcile_job.marked_at end,
      removals = ${REMOVALS_LEFT},
      causes = newest_causes(reconcile_job.causes || excluded.causes)`;
}

/**
 * SQL of the job's removals that the guard has already allowed. Leaves out roles mapped from a
 * group that the new causes name: the guard judges their removals again if they are still due.
 */
const REMOVALS_LEFT = sql`case when reconcile_job.is_parked or reconcile_job.removals = '{}' then '{}'
  else array(select r.id from unnest(reconcile_job.removals) as r (id) where not exists (
    select from role_mapping p where p.client_id = reconcile_job.client_id and p.role_id = r.id
      and excluded.causes @> jsonb_build_array(jsonb_build_object('groupId', p.group_id)))) end`;

/**
 * Marks the linked members of each changed user. A mark that names a group affects only clients
 * that map the group.
 */
export async function markMemberships(db: Db, marks: readonly MemberMark[]): Promise<void> {
  if (marks.length === 0) return;
  const users = marks.map((mark) => mark.platformUserId);
  const groups = marks.map((mark) => mark.groupId);
  const concerned = sql`
    select l.client_id, l.discord_user_id, jsonb_agg(distinct m.cause) as causes
    from unnest(${users}::text[], ${groups}::text[],
      ${marks.map((mark) => causeJson(mark.cause, mark.groupId))}::jsonb[]) as m (platform_user_id, group_id, cause)
    join link l on l.platform_user_id = m.platform_user_id
    where m.group_id is null or exists (
      select from role_mapping r where r.client_id = l.client_id and r.group_id = m.group_id)
    group by l.client_id, l.discord_user_id`;
  // A newer fact invalidates removal decisions made before it, and overrides changes by hand.
  const isOutdated = sql`using unnest(${users}::text[], ${groups}::text[]) as m (platform_user_id, group_id),
      link l
    where l.platform_user_id = m.platform_user_id and d.client_id = l.client_id
      and d.discord_user_id = l.discord_user_id and (m.group_id is null or exists (
        select from role_mapping r
        where r.client_id = d.client_id and r.role_id = d.role_id and r.group_id = m.group_id))`;
  await raiseJobs(concerned, LANES.fresh, forgotten(isOutdated)).execute(db);
}

/** Deletes the decisions and the changes by hand `d` that a newer fact has made obsolete. */
const forgotten = (isOutdated: RawBuilder<unknown>) => sql`
  , forgotten as (delete from removal_decision d ${isOutdated}
  ), overridden as (delete from hand_change d ${isOutdated})`;

/**
 * Marks the linked members of users whose nickname data changed. Skips members outside the guild,
 * who are renamed when they return.
 */
export async function markPeople(db: Db, marks: readonly PersonMark[]): Promise<void> {
  if (marks.length === 0) return;
  const causes = marks.map(({ cause }) => causeJson({ ...cause, isAboutName: true }, null));
  const isCharacter = marks.map(({ changed }) => changed.includes('character'));
  const concerned = sql`
    select l.client_id, l.discord_user_id, jsonb_agg(distinct m.cause) as causes
    from unnest(${marks.map((mark) => mark.platformUserId)}::text[], ${isCharacter}::boolean[], ${causes}::jsonb[])
      as m (platform_user_id, is_character, cause)
    join link l on l.platform_user_id = m.platform_user_id and l.status = 'ACTIVE'
    join client c on c.id = l.client_id
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    where c.authority <> 'OBSERVE' and a.is_present is not false
      and (c.nickname_strategy = 'TEMPLATE' or (c.nickname_strategy = 'EVE_ONLINE' and m.is_character))
    group by l.client_id, l.discord_user_id`;
  await raiseJobs(concerned, LANES.name).execute(db);
}

function causeJson(cause: Cause, groupId: GroupId | null): string {
  return JSON.stringify(
    groupId === null ? { ...cause, groupId: undefined } : { ...cause, groupId },
  );
}

/**
 * Marks the members affected by a deleted or restored group: its members, holders of a role mapped
 * to it, and members who were never read.
 */
export async function markGroups(
  db: Db,
  marks: Folded['groupMarks'],
  /** Memberships that deleting the group has just ended. */
  ended: readonly EndedMembership[],
): Promise<void> {
  for (const { groupId, cause } of marks) {
    const leaving = ended
      .filter((each) => each.groupId === groupId)
      .map((each) => each.platformUserId);
    const concerned = sql`
      select l.client_id, l.discord_user_id, jsonb_build_array(${causeJson(cause, groupId)}::jsonb) as causes
      from role_mapping r
      join link l on l.client_id = r.client_id
      left join membership m on m.platform_user_id = l.platform_user_id and m.group_id = r.group_id
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where r.group_id = ${groupId} and (m.is_held or m.platform_user_id = any(${leaving}::text[])
        or a.read_at is null or r.role_id = any(a.role_ids))
      group by l.client_id, l.discord_user_id`;
    const isOutdated = sql`using role_mapping r
      where r.group_id = ${groupId} and d.client_id = r.client_id and d.role_id = r.role_id`;
    await raiseJobs(concerned, LANES.bulk, forgotten(isOutdated)).execute(db);
  }
}

/**
 * Marks the members affected by a mapping: members of its group, holders of its role, and members
 * who were never read.
 */
export async function markRole(
  db: Db,
  request: {
    clientId: ClientId;
    groupId: GroupId;
    roleId: string;
    cause: Cause;
  },
): Promise<void> {
  const { clientId, groupId, roleId, cause } = request;
  const concerned = sql`
    select l.client_id, l.discord_user_id, jsonb_build_array(${causeJson(cause, null)}::jsonb) as causes
    from link l
    left join membership m on m.platform_user_id = l.platform_user_id and m.group_id = ${groupId}
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and (m.is_held or a.read_at is null or ${roleId} = any(a.role_ids))
    group by l.client_id, l.discord_user_id`;
  await raiseJobs(concerned, LANES.bulk).execute(db);
  await startListing(db, clientId);
}

export async function markLinks(
  db: Db,
  linkIds: readonly LinkId[],
  cause: Cause,
  lane: Lane,
): Promise<void> {
  const concerned = sql`
    select client_id, discord_user_id, jsonb_build_array(${causeJson(cause, null)}::jsonb) as causes
    from link where id = any(${linkIds}::uuid[])
    group by client_id, discord_user_id`;
  await raiseJobs(concerned, lane).execute(db);
}

/** A mark with its own causes, for one member among many. */
export interface OwnMark extends MemberKey {
  readonly lane: Lane;
  readonly causes: readonly Cause[];
}

/** Marks linked members, each in its own lane and for its own causes. Each member comes once. */
export async function markEach(db: Db, marks: readonly OwnMark[]): Promise<void> {
  if (marks.length === 0) return;
  const concerned = sql`
    select k.client_id, k.discord_user_id, k.lane, k.causes
    from unnest(${marks.map((mark) => mark.clientId)}::uuid[], ${marks.map((mark) => mark.discordUserId)}::text[],
      ${marks.map((mark) => mark.lane)}::smallint[], ${marks.map((mark) => JSON.stringify(mark.causes))}::jsonb[])
      as k (client_id, discord_user_id, lane, causes)
    where exists (select from link l where l.client_id = k.client_id and l.discord_user_id = k.discord_user_id)`;
  await raiseJobs(concerned, sql`lane`).execute(db);
}

/** Marks linked members by their Discord accounts. */
export async function markMembers(
  db: Db,
  request: {
    clientId: ClientId;
    members: readonly DiscordUserId[];
    cause: Cause;
  },
  lane: Lane,
): Promise<void> {
  const { clientId, members, cause } = request;
  const concerned = sql`
    select l.client_id, l.discord_user_id, jsonb_build_array(${causeJson(cause, null)}::jsonb) as causes
    from link l where l.client_id = ${clientId} and l.discord_user_id = any(${members}::text[])
    group by l.client_id, l.discord_user_id`;
  await raiseJobs(concerned, lane).execute(db);
}

/**
 * Marks all linked members of a client, or only those in `state`. Call it after the client's
 * settings or roles change.
 */
export async function markClient(
  db: Db,
  request: {
    clientId: ClientId;
    state: 'ANY' | 'HELD' | 'PARKED' | 'SCREENED' | 'HELD_BY_HAND';
    cause: Cause;
  },
): Promise<void> {
  const { clientId, state, cause } = request;
  const concerned = sql`
    select l.client_id, l.discord_user_id, jsonb_build_array(${causeJson(cause, null)}::jsonb) as causes
    from link l
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and (${state} = 'ANY' or a.state = ${state} or (${state} = 'SCREENED' and a.is_pending)
        or (${state} = 'HELD_BY_HAND' and exists (select from hand_change h where h.client_id = l.client_id
          and h.discord_user_id = l.discord_user_id and h.is_held))
        or (${state} = 'HELD' and exists (select from removal_decision d where d.client_id = l.client_id
          and d.discord_user_id = l.discord_user_id and d.verdict = 'HELD')))
    group by l.client_id, l.discord_user_id`;
  await raiseJobs(concerned, LANES.bulk).execute(db);
  await startListing(db, clientId);
}
