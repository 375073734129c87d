import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { Db } from '../entities/entities.js';
import type { GuildId, LinkId, MappingId, MemberKey } from '../../model.js';
import type { RequestsToSettle } from '../../reconcile/write/records.js';
import type { RemoteReading, RequestedChange } from '../../reconcile/plan/remote.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';

const CHANGES: Readonly<Record<RequestedChange, 'added' | 'removed'>> = {
  ADDED: 'added',
  REMOVED: 'removed',
};

/**
 * Saves a run's readings under authority DISCORD and makes its requests to the platform, one event
 * each. The run's job is locked and was not marked since the claim, so link and facts are still as
 * the run read them. Resolves with the requests that were made.
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
  return asked;
}

interface Row extends RemoteReading {
  /** Set for a request that is made now. */
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
 * An open request keeps its id and time. Mappings that were retired meanwhile or are no longer
 * under authority DISCORD are left out; that change marks the members it affects.
 */
async function save(db: Db, linkId: LinkId, rows: readonly Row[]): Promise<ReadonlySet<MappingId>> {
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
  if (kept.length === 0) return new Set();
  const saved = await sql<{ mapping_id: MappingId }>`
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
    returning mapping_id`.execute(db);
  return new Set(saved.rows.map((row) => row.mapping_id));
}

/** Counted by guild rather than link or mapping, because the count outlives both. */
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
