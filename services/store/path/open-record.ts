import { sql, type Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { AuditRecordId, ClientId, RoleId } from '../../model.js';
import type {
  GuardTally,
  GuardVerdict,
  OpenedRecord,
  OpenRecordRequest,
  RoleTally,
} from '../../reconcile/records.js';
import type { Database } from '../database.js';
import { lockJob } from '../jobs/bot-leases.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { closeAndTell } from './close-record.js';

/**
 * Opens the record of the changes about to be made, before the first of them. Removals that count are judged against the last
 * hour's under one lock per client, so that two members at once cannot both take the last permitted removal.
 */
export function createOpenRecord(deps: {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
}) {
  return async (request: OpenRecordRequest): Promise<OpenedRecord> =>
    deps.database.transaction(async ({ sql: db }) => {
      await lockJob(db, request.job, deps.owner);
      const superseded = {
        closes: request.supersedes,
        reason: 'the plan changed half-way',
        outcome: 'APPLIED' as const,
      };
      await closeAndTell(db, superseded, deps.enqueueEvent);
      const guarded = request.remove.filter(
        (roleId) => !request.uncounted.includes(roleId),
      );
      const verdict = await judge(db, request, guarded);
      const remove = request.remove.filter(
        (roleId) => !verdict.heldRemovals.includes(roleId),
      );
      if (request.add.length + remove.length === 0 && !request.isArrival)
        return { recordId: null, verdict };
      const counted = guarded.filter((roleId) => remove.includes(roleId));
      return {
        recordId: await insertRecord(db, request, remove, counted),
        verdict,
      };
    });
}

async function judge(
  db: Kysely<unknown>,
  request: OpenRecordRequest,
  guarded: readonly RoleId[],
): Promise<GuardVerdict> {
  if (guarded.length === 0)
    return { allowedRemovals: [], heldRemovals: [], reason: null };
  await sql`select pg_advisory_xact_lock(hashtextextended('guard ' || ${request.job.clientId}, 0))`.execute(
    db,
  );
  return request.judge(
    await readTally(db, request.job.clientId, guarded.length),
  );
}

/**
 * Removals of the last hour and holders as the mirror shows them. A member counts once for each role, however often its removal
 * was tried. Holders are counted only where `removals` more would exceed the client's minimum: below it they decide nothing.
 */
export async function readTally(
  db: Kysely<unknown>,
  clientId: ClientId,
  removals: number,
): Promise<GuardTally> {
  const { rows } = await sql<{
    role_id: RoleId;
    removed: number;
    holders: number;
  }>`
    with managed as (select distinct role_id from role_mapping where client_id = ${clientId}),
    removed as (
      select r.role_id, count(distinct a.discord_user_id)::int as removed
      from audit_record a cross join lateral unnest(a.guarded_removed) as r (role_id)
      where a.client_id = ${clientId} and a.guarded_removed <> '{}' and a.opened_at > now() - interval '1 hour'
      group by r.role_id
    ), total as (select coalesce(sum(removed), 0) as removed from removed)
    select m.role_id, coalesce(r.removed, 0) as removed,
      case when total.removed + ${removals}::int <= c.guard_minimum then 0
        else (select count(*) from member h
          where h.client_id = c.id and h.role_ids @> array[m.role_id]) end::int as holders
    from managed m cross join total join client c on c.id = ${clientId} left join removed r using (role_id)`.execute(
    db,
  );
  const roles = new Map<RoleId, RoleTally>(
    rows.map((row) => [
      row.role_id,
      { removedLastHour: row.removed, holders: row.holders },
    ]),
  );
  return {
    roles,
    guild: {
      removedLastHour: rows.reduce((sum, row) => sum + row.removed, 0),
      holders: rows.reduce((sum, row) => sum + row.holders, 0),
    },
  };
}

async function insertRecord(
  db: Kysely<unknown>,
  request: OpenRecordRequest,
  remove: readonly RoleId[],
  counted: readonly RoleId[],
): Promise<AuditRecordId> {
  const id = uuidv7();
  const { job } = request;
  await sql`
    insert into audit_record (id, client_id, discord_user_id, platform_user_id, causes,
      planned_added, planned_removed, guarded_removed, opened_at)
    values (${id}, ${job.clientId}, ${job.discordUserId}, ${request.platformUserId}, ${JSON.stringify(job.causes)}::jsonb,
      ${request.add}::text[], ${remove}::text[], ${counted}::text[], clock_timestamp())`.execute(
    db,
  );
  return id;
}
