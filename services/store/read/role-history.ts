import { sql } from 'kysely';

import {
  DEFAULT_AUDIT_RETENTION_DAYS,
  type AuditRecordId,
  type Cause,
  type GroupId,
  type LinkId,
  type RemovalVerdict,
  type RoleId,
} from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { toDateOrNull, type Time } from './page.js';

export interface RoleHistoryKey {
  readonly linkId: LinkId;
  readonly roleId: RoleId;
}

/**
 * Reads, in one statement, everything stored about a link and a role except the member's facts: the
 * state of client and member, the last change of the role with its cause, and the platform's last
 * facts about the role's groups. Returns null if the link does not exist.
 */
export async function readRoleHistory(db: Asker, { linkId, roleId }: RoleHistoryKey) {
  const { rows } = await sql<HistoryRow>`
    select l.id as "linkId", ${columns<'link'>(['clientId', 'discordUserId', 'platformUserId'], 'l')}, p.username,
      c.is_enabled as "isEnabled", c.stopped_at is not null as "isStopped",
      coalesce(greatest(c.paused_until, c.sending_until) > statement_timestamp(), false) as "isPaused",
      case when l.linked_at < statement_timestamp() - ${KEPT} then statement_timestamp() - ${KEPT} end as "forgottenBefore",
      r.name as "roleName", m.reason, m.join_refusal as "joinRefusal",
      (select jsonb_build_object('verdict', d.verdict, 'sweepId', d.sweep_id, 'why', d.reason, 'at', d.decided_at)
        from removal_decision d where d.client_id = l.client_id and d.discord_user_id = l.discord_user_id
          and d.role_id = ${roleId}) as decision,
      (select jsonb_build_object('isParked', j.is_parked, 'attempts', j.attempts, 'dueAt', j.due_at)
        from reconcile_job j
        where j.client_id = l.client_id and j.discord_user_id = l.discord_user_id) as job,
      (select jsonb_build_object('auditRecordId', a.id, 'causes', a.causes,
          'at', coalesce(a.closed_at, a.opened_at), 'isAdded', ${roleId} = any(a.added))
        from audit_record a
        where a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
          and (${roleId} = any(a.added) or ${roleId} = any(a.removed))
        order by a.id desc limit 1) as "lastChange",
      (select coalesce(jsonb_agg(jsonb_build_object('groupId', g.id, 'name', g.name,
          'isDeleted', g.deleted_at is not null, 'saidUs', coalesce(s.time_us, u.snapshot_time_us),
          'isSnapshot', coalesce(s.is_snapshot, true))), '[]')
        from role_mapping k
        join platform_group g on g.id = k.group_id
        left join link o on o.client_id = l.client_id and o.discord_user_id = l.discord_user_id and o.status = 'ACTIVE'
        left join platform_user u on u.id = o.platform_user_id
        left join membership s on s.platform_user_id = o.platform_user_id and s.group_id = k.group_id
        where k.client_id = l.client_id and k.role_id = ${roleId}) as groups
    from link l
    join client c on c.id = l.client_id
    join platform_user p on p.id = l.platform_user_id
    left join role r on r.client_id = l.client_id and r.id = ${roleId}
    left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
    where l.id = ${linkId}`.execute(db);
  const [row] = rows;
  return row === undefined ? null : historyOf(row);
}

/** How long `client c` keeps audit records. */
const KEPT = sql`make_interval(days => coalesce(c.audit_retention_days, ${DEFAULT_AUDIT_RETENTION_DAYS}::int))`;

interface HistoryRow
  extends
    RawRow<'link', 'clientId' | 'discordUserId' | 'platformUserId'>,
    RawRow<'platform_user', 'username'>,
    RawRow<'client', 'isEnabled'>,
    RawRow<'member', 'reason' | 'joinRefusal'> {
  readonly linkId: LinkId;
  readonly isStopped: boolean;
  readonly isPaused: boolean;
  readonly forgottenBefore: Time | null;
  readonly roleName: string | null;
  readonly decision: {
    readonly verdict: RemovalVerdict;
    readonly sweepId: string | null;
    readonly why: string;
    readonly at: string;
  } | null;
  readonly job: {
    readonly isParked: boolean;
    readonly attempts: number;
    readonly dueAt: string;
  } | null;
  readonly lastChange: {
    readonly auditRecordId: AuditRecordId;
    readonly causes: readonly Cause[];
    readonly at: string;
    readonly isAdded: boolean;
  } | null;
  readonly groups: readonly {
    readonly groupId: GroupId;
    readonly name: string | null;
    readonly isDeleted: boolean;
    readonly saidUs: number | null;
    readonly isSnapshot: boolean;
  }[];
}

function historyOf(row: HistoryRow) {
  return {
    member: { clientId: row.clientId, discordUserId: row.discordUserId },
    link: { linkId: row.linkId, platformUserId: row.platformUserId, username: row.username },
    client: { isEnabled: row.isEnabled, isStopped: row.isStopped, isPaused: row.isPaused },
    forgottenBefore: toDateOrNull(row.forgottenBefore),
    roleName: row.roleName,
    reason: row.reason,
    joinRefusal: row.joinRefusal,
    decision: row.decision && {
      ...row.decision,
      at: new Date(row.decision.at),
    },
    job: row.job && { ...row.job, dueAt: new Date(row.job.dueAt) },
    lastChange: row.lastChange && changeOf(row.lastChange),
    groups: row.groups.map(({ saidUs, ...group }) => ({
      ...group,
      saidAt: saidUs === null ? null : new Date(saidUs / 1000),
    })),
  };
}

function changeOf(change: NonNullable<HistoryRow['lastChange']>) {
  const { auditRecordId, causes, at, isAdded } = change;
  return {
    auditRecordId,
    causes,
    at: new Date(at),
    change: isAdded ? ('ADDED' as const) : ('REMOVED' as const),
  };
}
