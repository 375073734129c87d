import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { EnqueueEvent } from '../outbox/outbox.js';
import {
  type AuditRecordId,
  type MemberReading,
  NO_NICKNAME,
  type Outcome,
  type RoleId,
} from '../../model.js';
import type {
  GuardVerdict,
  OpenedRecord,
  OpenRecordRequest,
  RecordClosing,
} from '../../reconcile/write/records.js';
import type { Database } from '../connection/database.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import { causesWithAuthors } from '../live/complete-causes.js';
import { jobLost, lockJob, ownJob } from '../jobs/bot-leases.js';
import { lockGuard, readTally } from './guard-tally.js';
import { saveMember } from './save-member.js';

/**
 * Opens an audit record before the first change of a run. Removals that count against the removal
 * guard are judged together with the removals of the last hour, under one lock per client, so that
 * two concurrent runs cannot both use the last allowed removal.
 */
export function createOpenRecord(deps: {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
}) {
  const { owner } = deps;
  return async (request: OpenRecordRequest): Promise<OpenedRecord> => {
    const guarded = request.remove.filter((roleId) => !request.uncounted.includes(roleId));
    const isAlone =
      guarded.length === 0 && request.observed === null && request.supersedes === null;
    const hasWrites = request.add.length + request.remove.length > 0 || request.nickname !== null;
    if (isAlone && (hasWrites || request.isArrival)) {
      const removals = { remove: request.remove, counted: [] };
      const recordId = await insertRecord(deps.database.prepared, owner, request, removals);
      return { recordId, verdict: { allowedRemovals: [], heldRemovals: [], reason: null } };
    }
    return deps.database.pipeline(async (db) => {
      await lockJob(db, request.job, owner);
      const superseded = {
        closes: request.supersedes,
        reason: 'the plan changed during the run',
        outcome: 'APPLIED' as const,
      };
      await closeAndPublish(db, superseded, deps.enqueueEvent);
      if (request.observed !== null)
        await saveMember(
          db,
          request.job,
          {
            observed: request.observed,
            isReading: true,
            standing: {},
            job: sql`select`,
          },
          deps.enqueueEvent,
        );
      const verdict = await judge(db, request, guarded);
      const remove = request.remove.filter((roleId) => !verdict.heldRemovals.includes(roleId));
      const isRenamed = request.nickname !== null;
      const hasChanges = request.add.length + remove.length > 0 || isRenamed;
      if (!hasChanges && !request.isArrival) return { recordId: null, verdict };
      const counted = guarded.filter((roleId) => remove.includes(roleId));
      return {
        recordId: await insertRecord(db, owner, request, { remove, counted }),
        verdict,
      };
    });
  };
}

async function judge(
  db: Db,
  request: OpenRecordRequest,
  guarded: readonly RoleId[],
): Promise<GuardVerdict> {
  if (guarded.length === 0) return { allowedRemovals: [], heldRemovals: [], reason: null };
  const { clientId, discordUserId } = request.job;
  const removals = guarded.map((roleId) => ({ roleId, discordUserId }));
  const [, tally] = await Promise.all([lockGuard(db, clientId), readTally(db, clientId, removals)]);
  return request.judge(tally);
}

async function insertRecord(
  db: Asker,
  owner: string,
  request: OpenRecordRequest,
  removals: {
    readonly remove: readonly RoleId[];
    readonly counted: readonly RoleId[];
  },
): Promise<AuditRecordId> {
  const id = uuidv7();
  const { job, takenBack } = request;
  const { remove, counted } = removals;
  const { rows } = await sql`
    with job as (${ownJob(job, owner)})
    insert into audit_record (id, client_id, guild_id, discord_user_id, platform_user_id, causes,
      planned_added, planned_removed, ensured_added, ensured_removed, guarded_removed, taken_back, planned_nickname, opened_at)
    select ${id}::uuid, ${job.clientId}::uuid, (select guild_id from client where id = ${job.clientId}), ${job.discordUserId},
      ${request.platformUserId}, ${causesWithAuthors(job, job.causes, { added: request.add, removed: remove })}, ${request.add}::text[], ${remove}::text[],
      ${request.ensured.added}::text[], ${request.ensured.removed}::text[],
      ${counted}::text[], ${takenBack}::text[], ${request.nickname}, clock_timestamp()
    from job returning id`.execute(db);
  if (rows.length === 0) throw jobLost(job);
  return id;
}

interface Ending {
  /** Null: no record is open. */
  readonly closes: RecordClosing | null;
  readonly reason: string | null;
  readonly outcome: Outcome;
  /** The member after the record's last change; null or absent: the member was not read since. */
  readonly observed?: MemberReading | null;
}

/** Closes a record with its outcome. If something changed, enqueues `discord.roles.changed.v1`. */
export async function closeAndPublish(
  db: Db,
  { closes, reason, outcome, observed }: Ending,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (closes === null) return;
  const { added, removed, ensured, nickname, recordId } = closes;
  const { rows } = await sql<ClosedRecord>`
    update audit_record set added = ${added}::text[], removed = ${removed}::text[], nickname = ${nickname},
      ensured_added = ${ensured.added}::text[], ensured_removed = ${ensured.removed}::text[],
      outcome = ${outcome}, reason = ${reason}, closed_at = clock_timestamp()
    where id = ${recordId} and closed_at is null
    returning ${columns<'audit_record'>(['clientId', 'discordUserId', 'platformUserId', 'causes'])},
      (select guild_id from client where client.id = audit_record.client_id) as "guildId"`.execute(
    db,
  );
  const [row] = rows;
  if (row !== undefined && nickname !== null)
    await keepNicknameSet(db, row, observed?.isPresent ? observed.nickname : nickname);
  const isChange = added.length + removed.length > 0 || nickname !== null;
  if (row === undefined || !isChange) return;
  await enqueueEvent(db, {
    type: 'discord.roles.changed.v1',
    key: row.platformUserId ?? row.discordUserId,
    data: {
      clientId: row.clientId,
      guildId: row.guildId,
      discordUserId: row.discordUserId,
      platformUserId: row.platformUserId,
      added,
      removed,
      nickname,
      causes: row.causes.map(({ kind, id, actor }) => ({ kind, id, actor })),
      auditRecordId: recordId,
    },
  });
}

/**
 * Stores a hash of the nickname the connector set, to recognise later whether it was changed at
 * Discord. Stores no plaintext, because a deleted person's name must not be kept.
 */
async function keepNicknameSet(
  db: Db,
  { clientId, discordUserId }: ClosedRecord,
  shown: string | null,
): Promise<void> {
  await db
    .updateTable('member')
    .set({
      nicknameSetHash: sql`encode(sha256(convert_to(nullif(${shown}::text, ${NO_NICKNAME}), 'UTF8')), 'hex')`,
    })
    .where('clientId', '=', clientId)
    .where('discordUserId', '=', discordUserId)
    .execute();
}

/** `guildId` is null when the client was deleted. */
type ClosedRecord = RawRow<
  'audit_record',
  'clientId' | 'discordUserId' | 'platformUserId' | 'causes' | 'guildId'
>;
