import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { EnqueueEvent } from '../outbox/outbox.js';
import type { ClientId, GuildId, LinkId, MappingId, MemberKey, RoleId } from '../../model.js';
import type { RemoteReading, RequestedChange } from '../../reconcile/plan/remote.js';
import type { RequestsToSettle } from '../../reconcile/write/records.js';
import type { Db } from '../entities/entities.js';
import { type Time, toDate } from '../read/page.js';

const CHANGES: Readonly<Record<RequestedChange, 'added' | 'removed'>> = {
  ADDED: 'added',
  REMOVED: 'removed',
};

/**
 * Saves a run's readings under authority DISCORD and makes its requests to the platform, one event
 * each. The caller must have locked the run's job and found that it was not marked since the claim:
 * then the link and the facts are still as the run read them. Returns the requests it made.
 */
export async function saveReadings(
  db: Db,
  member: MemberKey,
  readings: RequestsToSettle,
  enqueueEvent: EnqueueEvent,
): Promise<readonly RemoteReading[]> {
  const rows = readings.rows.map((reading) => ({
    ...reading,
    requestId: reading.asks === null ? null : uuidv7(),
    isCounted: readings.counted.includes(reading.roleId),
  }));
  await forget(db, readings.linkId, rows);
  const saved = await save(db, readings.linkId, rows);
  const asked = rows.filter(({ mappingId, asks }) => asks !== null && saved.has(mappingId));
  await countRemovals(
    db,
    { ...member, guildId: readings.guildId },
    asked.filter(({ isCounted }) => isCounted),
  );
  for (const reading of asked) await ask(db, enqueueEvent, { member, readings, reading });
  for (const { mappingId, roleId } of rows) {
    const from = saved.get(mappingId)?.disputedFrom ?? null;
    if (from !== null) await dispute(db, enqueueEvent, member, { ...readings, roleId, from });
  }
  return asked;
}

interface Row extends RemoteReading {
  /** The id of a request that is made now; null: none is made. */
  readonly requestId: string | null;
  readonly isCounted: boolean;
}

async function forget(db: Db, linkId: LinkId, rows: readonly Row[]): Promise<void> {
  const forgotten = rows.filter(({ next }) => next === null);
  if (forgotten.length === 0) return;
  await sql`
    delete from remote_membership where link_id = ${linkId}
      and mapping_id = any(${forgotten.map((row) => row.mappingId)}::uuid[])`.execute(db);
}

/**
 * Saves readings and returns the ids of the mappings saved. A request that the platform has not
 * answered yet keeps its id and time. Skips mappings that were deleted meanwhile or are no longer
 * under authority DISCORD. That loses nothing: the transaction that changed such a mapping also
 * marks its members.
 */
async function save(
  db: Db,
  linkId: LinkId,
  rows: readonly Row[],
): Promise<ReadonlyMap<MappingId, Saved>> {
  const kept = rows.flatMap(({ next, mappingId, requestId, isCounted }) =>
    next === null
      ? []
      : [
          {
            mapping_id: mappingId,
            has_role: next.hasRole,
            request: next.request?.change ?? null,
            request_state: next.request?.state ?? null,
            asked_order: next.request?.askedOrder ?? null,
            request_id: requestId,
            is_counted: isCounted && requestId !== null,
          },
        ],
  );
  if (kept.length === 0) return new Map();
  const saved = await sql<Saved>`
    insert into remote_membership as r (link_id, mapping_id, has_role, request, request_state, asked_order, request_id,
      asked_at, removal_asked_at)
    select ${linkId}::uuid, m.id, n.has_role, n.request, n.request_state, n.asked_order,
      case when n.request is not null then coalesce(n.request_id, o.request_id) end,
      case when n.request_id is not null then clock_timestamp() when n.request is not null then o.asked_at end,
      case when n.is_counted then clock_timestamp() end
    from jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as n (mapping_id uuid, has_role boolean, request text,
      request_state text, asked_order text, request_id uuid, is_counted boolean)
    join role_mapping m on m.id = n.mapping_id
    join client c on c.id = m.client_id
    left join remote_membership o on o.link_id = ${linkId} and o.mapping_id = m.id
    where coalesce(m.authority, c.authority) = 'DISCORD'
    order by m.id
    for key share of m
    on conflict (link_id, mapping_id) do update set has_role = excluded.has_role, request = excluded.request,
      request_state = excluded.request_state, asked_order = excluded.asked_order, request_id = excluded.request_id,
      asked_at = excluded.asked_at, removal_asked_at = coalesce(excluded.removal_asked_at, r.removal_asked_at)
    returning r.mapping_id as "mappingId", case when r.request_state = 'DISPUTED' and (
      select o.request_state from remote_membership o where o.link_id = r.link_id and o.mapping_id = r.mapping_id
    ) is distinct from 'DISPUTED' then r.asked_at end as "disputedFrom"`.execute(db);
  return new Map(saved.rows.map((row) => [row.mappingId, row]));
}

interface Saved {
  readonly mappingId: MappingId;
  /** When the platform was asked, if this reading finds that it reports the opposite; else null. */
  readonly disputedFrom: Time | null;
}

/** Publishes that the platform contradicts a request. */
async function dispute(
  db: Db,
  enqueueEvent: EnqueueEvent,
  { clientId, discordUserId }: MemberKey,
  disputed: RequestsToSettle & { readonly roleId: RoleId; readonly from: Time },
): Promise<void> {
  const { guildId, platformUserId, roleId, from } = disputed;
  const since = toDate(from).toISOString();
  const data = { clientId, guildId, discordUserId, platformUserId, roleId, since };
  await enqueueEvent(db, {
    type: 'discord.member.disputed.v1',
    key: platformUserId,
    data: { ...data, kind: 'REQUEST', by: null },
  });
}

/**
 * Stores requested removals for the removal guard, by guild rather than by link or mapping, because
 * they must be counted even after the link or mapping is deleted.
 */
async function countRemovals(
  db: Db,
  { guildId, discordUserId }: MemberKey & { readonly guildId: GuildId },
  removals: readonly Row[],
): Promise<void> {
  if (removals.length === 0) return;
  await sql`
    insert into asked_removal (guild_id, role_id, discord_user_id, asked_at)
    select ${guildId}, r.id, ${discordUserId}, clock_timestamp()
    from unnest(${removals.map(({ roleId }) => roleId)}::text[]) as r (id) order by r.id
    on conflict (guild_id, role_id, discord_user_id) do update set asked_at = excluded.asked_at`.execute(
    db,
  );
}

async function ask(
  db: Db,
  enqueueEvent: EnqueueEvent,
  request: {
    readonly member: MemberKey;
    readonly readings: RequestsToSettle;
    readonly reading: Row;
  },
): Promise<void> {
  const { member, readings, reading } = request;
  const { requestId, asks } = reading;
  if (asks === null || requestId === null) return;
  await enqueueEvent(db, {
    id: requestId,
    type: 'discord.membership.requested.v1',
    key: readings.platformUserId,
    data: {
      requestId,
      clientId: member.clientId,
      guildId: readings.guildId,
      discordUserId: member.discordUserId,
      platformUserId: readings.platformUserId,
      mappingId: reading.mappingId,
      groupId: reading.groupId,
      roleId: reading.roleId,
      change: CHANGES[asks],
    },
  });
}

/**
 * Deletes the mapping's readings under authority DISCORD, so that the next reading is a first
 * reading again: it merges Discord and platform and requests no removal. Call it after marking the
 * members: marking waits for runs that are being settled, so the readings that these runs save are
 * deleted too.
 */
export async function forgetReadingsOfMapping(db: Db, mappingId: MappingId): Promise<void> {
  await sql`delete from remote_membership where mapping_id = ${mappingId}`.execute(db);
}

/** Deletes the readings of mappings without their own authority, because they have the client's. */
export async function forgetReadingsOfClient(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    delete from remote_membership r using role_mapping m
    where m.id = r.mapping_id and m.client_id = ${clientId} and m.authority is null`.execute(db);
}

export async function forgetReadingsOfLinks(db: Db, linkIds: readonly LinkId[]): Promise<void> {
  await sql`delete from remote_membership where link_id = any(${linkIds}::uuid[])`.execute(db);
}

/**
 * Under authority DISCORD, saves a row of `remote_membership` where mirror and platform agree about
 * a role, so that a later difference is recognised as a change at Discord. Locks the rows of
 * client, mapping, link and mirror, so that a transaction that ends one of them also finds and
 * deletes the new rows. Skips what other transactions have locked; the next sweep saves it. Call it
 * outside any other transaction.
 */
export async function rememberAgreements(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    with missing as materialized (
      ${agreements(clientId)}
      except
      select b.link_id, b.mapping_id
      from remote_membership b join role_mapping p on p.id = b.mapping_id where p.client_id = ${clientId}
    )
    insert into remote_membership (link_id, mapping_id, has_role)
    select k.id, m.id, m.role_id = any(a.role_ids)
    from missing x
    join link k on k.id = x.link_id
    join role_mapping m on m.id = x.mapping_id
    join client c on c.id = m.client_id
    join member a on a.client_id = c.id and a.discord_user_id = k.discord_user_id
    where k.status = 'ACTIVE' and m.retired_at is null and a.is_present and a.read_at is not null
      and (m.authority = 'DISCORD' or (m.authority is null and c.authority = 'DISCORD'))
      and coalesce((select s.is_held from membership s
        where s.platform_user_id = k.platform_user_id and s.group_id = m.group_id), false) = (m.role_id = any(a.role_ids))
    for share of c, m, k, a skip locked
    on conflict do nothing`.execute(db);
}

/**
 * Query of all pairs of link and mapping for which mirror and platform agree whether the member has
 * the role. The caller subtracts the saved pairs as a set, because there are as many pairs as
 * members times mappings, too many to look up one by one.
 */
const agreements = (clientId: ClientId) => sql`
  select k.id as link_id, m.id as mapping_id
  from role_mapping m
  join client c on c.id = m.client_id
  join platform_group g on g.id = m.group_id and g.deleted_at is null
  join role r on r.client_id = m.client_id and r.id = m.role_id and r.refusal is null
  join link k on k.client_id = m.client_id and k.status = 'ACTIVE'
  join member a on a.client_id = k.client_id and a.discord_user_id = k.discord_user_id and a.is_present
  join platform_user u on u.id = k.platform_user_id
  left join membership s on s.platform_user_id = k.platform_user_id and s.group_id = m.group_id
  where m.client_id = ${clientId} and m.retired_at is null and a.read_at is not null
    and (m.authority = 'DISCORD' or (m.authority is null and c.authority = 'DISCORD'))
    and coalesce(s.is_held, case when u.snapshot_time_us is not null then false end) = (m.role_id = any(a.role_ids))
    and k.discord_user_id not in (select e.discord_user_id from link e where e.client_id = ${clientId} and e.status = 'ENDING')`;
