import { sql } from 'kysely';

import { isLive } from '../live/is-live.js';
import { REMOTE_FACTS } from '../remote/read-requests.js';
import { columns, type RawRow } from '../entities/columns.js';
import type { Asker } from '../connection/together.js';
import type {
  DiscordUserId,
  MemberKey,
  RemovalVerdict,
  RenameRefusal,
  RoleId,
  RoleRefusal,
} from '../../model.js';
import type { HandChange, MemberFacts, Mirror } from '../../reconcile/ports.js';

/**
 * Reads all facts about one member in one statement, so that they are consistent. Returns null if
 * the client was deleted. A user is known not to be in a group if the membership's own row or the
 * user's last snapshot says so, or if the group was deleted.
 */
export async function readMember(prepared: Asker, member: MemberKey): Promise<MemberFacts | null> {
  const { clientId, discordUserId } = member;
  const { rows } = await sql<FactsRow>`
    select (select jsonb_build_object('version', j.version, 'lane', j.lane, 'causes', j.causes) from reconcile_job j
        where j.client_id = c.id and j.discord_user_id = ${discordUserId}) as marks,
      ${CLIENT_COLUMNS}, c.screening = 'WAIT' as "waitsForScreening", c.trouble is not null as "hasTrouble",
      extract(epoch from statement_timestamp())::float8 * 1000 as "nowMs",
      extract(epoch from c.updated_at)::text as revision,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'linkId', l.id, 'platformUserId', l.platform_user_id, 'status', l.status,
          'isEndAskedFor', l.is_end_asked_for)), '[]')
        from link l where l.client_id = c.id and l.discord_user_id = ${discordUserId}) as links,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'mappingId', m.id, 'groupId', m.group_id, 'roleId', m.role_id, 'roleName', r.name, 'groupName', g.name,
          'authority', coalesce(m.authority, c.authority), 'isRetired', m.retired_at is not null,
          'membership', case
            when g.deleted_at is not null then 'notHeld'
            when s.is_held then 'held'
            when s.is_held = false or u.snapshot_time_us is not null then 'notHeld'
            else 'unknown' end,
          'remote', ${REMOTE_FACTS})), '[]')
        from role_mapping m
        join platform_group g on g.id = m.group_id
        left join role r on r.client_id = m.client_id and r.id = m.role_id
        left join link a on a.client_id = c.id and a.discord_user_id = ${discordUserId} and a.status = 'ACTIVE'
        left join platform_user u on u.id = a.platform_user_id
        left join membership s on s.platform_user_id = a.platform_user_id and s.group_id = m.group_id
        where m.client_id = c.id) as mappings,
      (select coalesce(jsonb_object_agg(r.id, r.refusal), '{}') from role r where r.client_id = c.id) as roles,
      (select coalesce(jsonb_object_agg(d.role_id, d.verdict), '{}') from removal_decision d
        where d.client_id = c.id and d.discord_user_id = ${discordUserId}) as decisions,
      (select coalesce(jsonb_object_agg(h.role_id, jsonb_build_object('isGiven', h.is_given, 'byDiscordUserId', h.by_discord_user_id,
          'byName', h.by_name, 'changedAt', h.changed_at, 'isHeld', h.is_held, 'disputedSince', h.disputed_since,
          'nextTryAt', h.next_try_at, 'tries', h.tries)), '{}')
        from hand_change h where h.client_id = c.id and h.discord_user_id = ${discordUserId}) as "handChanges",
      (${mirror(discordUserId)}) as mirror,
      (select jsonb_build_object('recordId', o.id, 'plannedAdded', o.planned_added,
          'plannedRemoved', o.planned_removed, 'plannedNickname', o.planned_nickname,
          'ensured', jsonb_build_object('added', o.ensured_added, 'removed', o.ensured_removed))
        from audit_record o
        where o.client_id = c.id and o.discord_user_id = ${discordUserId} and o.closed_at is null) as "openRecord",
      (select jsonb_build_object('grantId', t.id, 'isJoinWanted', t.is_join_wanted) from discord_grant t
        where t.client_id = c.id and t.discord_user_id = ${discordUserId}) as "grant",
      (select a.join_refusal from member a where a.client_id = c.id and a.discord_user_id = ${discordUserId}) as "joinRefusal",
      c.authority = 'OBSERVE' as "isObserved",
      (select coalesce(jsonb_object_agg(r.id, r.rename_refusal), '{}') from role r
        where r.client_id = c.id and r.rename_refusal is not null) as "renameRefusals",
      (select a.nickname_set_hash from member a where a.client_id = c.id and a.discord_user_id = ${discordUserId}) as "nicknameSetHash",
      (select to_jsonb(a.renamed_by_hand_at) from member a where a.client_id = c.id and a.discord_user_id = ${discordUserId}) as "renamedByHandAt",
      (select a.nickname_refused from member a where a.client_id = c.id and a.discord_user_id = ${discordUserId}
        and a.nickname_refused_at > statement_timestamp() - interval '1 day') as "nicknameRefused",
      (select jsonb_build_object('username', u.username, 'attributes', u.attributes) from link a
        join platform_user u on u.id = a.platform_user_id
        where a.client_id = c.id and a.discord_user_id = ${discordUserId} and a.status = 'ACTIVE') as person
    from client c where c.id = ${clientId}`.execute(prepared);
  const [row] = rows;
  return row === undefined ? null : factsOf(member, row);
}

/** Query of the member as last observed; no row if the member was never read. */
const mirror = (discordUserId: DiscordUserId) => sql`
  select jsonb_build_object('readAt', a.read_at, 'isPresent', a.is_present, 'roleIds', a.role_ids, 'username', a.username,
    'displayName', a.display_name, 'nickname', a.nickname, 'isPending', a.is_pending, 'isBot', a.is_bot,
    'timedOutUntil', a.timed_out_until, 'joinedAt', a.joined_at,
    'ageMs', extract(epoch from statement_timestamp() - a.roles_read_at) * 1000,
    'isReadSinceMark', coalesce(a.roles_read_at >= (select j.marked_at from reconcile_job j
      where j.client_id = c.id and j.discord_user_id = ${discordUserId}), false),
    'hasLostRoles', coalesce(a.roles_lost_at > statement_timestamp() - interval '1 minute', false),
    'isLive', ${isLive(sql`c.id`)},
    'isAbsenceProven', coalesce(a.absent_since <= statement_timestamp() - interval '1 minute', false))
  from member a
  where a.client_id = c.id and a.discord_user_id = ${discordUserId} and a.read_at is not null`;

const CLIENT = [
  'guildId',
  'unknownMembership',
  'wholeListWrites',
  'guardMinimum',
  'guardPercent',
  'nicknameStrategy',
  'nicknameTemplate',
  'nicknameOnUnlink',
  'guildOwnerId',
] as const;

const CLIENT_COLUMNS = columns<'client'>(CLIENT, 'c');

interface FactsRow
  extends
    RawRow<'client', (typeof CLIENT)[number]>,
    RawRow<'member', 'joinRefusal' | 'nicknameSetHash' | 'nicknameRefused'>,
    Pick<MemberFacts, 'marks' | 'links' | 'mappings' | 'openRecord' | 'grant' | 'person'> {
  readonly waitsForScreening: boolean;
  readonly hasTrouble: boolean;
  readonly nowMs: number;
  readonly revision: string;
  readonly roles: Readonly<Record<RoleId, RoleRefusal | null>>;
  readonly decisions: Readonly<Record<RoleId, RemovalVerdict>>;
  readonly handChanges: Readonly<Record<RoleId, HandChangeRow>>;
  readonly mirror: MirrorRow | null;
  readonly isObserved: boolean;
  readonly renamedByHandAt: readonly string[] | null;
  readonly renameRefusals: Readonly<Record<RoleId, RenameRefusal>>;
}

/** Columns of the mirror that a reading from Discord also has. */
type MirrorColumns = RawRow<
  'member',
  | 'isPresent'
  | 'roleIds'
  | 'username'
  | 'displayName'
  | 'nickname'
  | 'isPending'
  | 'isBot'
  | 'timedOutUntil'
  | 'joinedAt'
>;

interface MirrorRow extends MirrorColumns {
  readonly readAt: string;
  readonly ageMs: number | null;
  readonly isReadSinceMark: boolean;
  readonly hasLostRoles: boolean;
  readonly isLive: boolean;
  readonly isAbsenceProven: boolean;
}

function factsOf(member: MemberKey, row: FactsRow): MemberFacts {
  return {
    nowMs: row.nowMs,
    marks: row.marks,
    client: {
      clientId: member.clientId,
      guildId: row.guildId,
      revision: row.revision,
      unknownMembership: row.unknownMembership,
      isObserved: row.isObserved,
      waitsForScreening: row.waitsForScreening,
      wholeListWrites: row.wholeListWrites,
      hasTrouble: row.hasTrouble,
      guard: { minimum: row.guardMinimum, percent: row.guardPercent },
    },
    links: row.links,
    mappings: row.mappings,
    roles: new Map(Object.entries(row.roles)),
    decisions: new Map(Object.entries(row.decisions)),
    handChanges: new Map(
      Object.entries(row.handChanges).map(([roleId, each]) => [roleId, handChangeOf(each)]),
    ),
    mirror: row.mirror === null ? null : mirrorOf(row.mirror),
    mirrorReadAt: row.mirror === null ? null : new Date(row.mirror.readAt),
    mirrorAgeMs: row.mirror?.ageMs ?? null,
    isReadSinceMark: row.mirror?.isReadSinceMark === true,
    hasLostRoles: row.mirror?.hasLostRoles === true,
    isLive: row.mirror?.isLive === true,
    isAbsenceProven: row.mirror?.isAbsenceProven === true,
    openRecord: row.openRecord,
    grant: row.grant,
    joinRefusal: row.joinRefusal,
    nicknamePolicy: {
      strategy: row.nicknameStrategy,
      template: row.nicknameTemplate,
      onUnlink: row.nicknameOnUnlink,
    },
    nicknameSetHash: row.nicknameSetHash,
    renaming: {
      ownerId: row.guildOwnerId,
      refusals: new Map(Object.entries(row.renameRefusals)),
    },
    renamedByHandAt: (row.renamedByHandAt ?? []).map((time) => new Date(time)),
    nicknameRefused: row.nicknameRefused,
    person: row.person,
  };
}

type HandChangeRow = RawRow<
  'hand_change',
  'isGiven' | 'byDiscordUserId' | 'byName' | 'isHeld' | 'tries'
> & {
  readonly changedAt: string;
  readonly disputedSince: string | null;
  readonly nextTryAt: string | null;
};

function handChangeOf(row: HandChangeRow): HandChange {
  const { changedAt, disputedSince, nextTryAt } = row;
  return {
    ...row,
    changedAt: new Date(changedAt),
    disputedSince: disputedSince === null ? null : new Date(disputedSince),
    nextTryAt: nextTryAt === null ? null : new Date(nextTryAt),
  };
}

export function mirrorOf(row: MirrorColumns): Mirror {
  if (!row.isPresent) return { isPresent: false };
  return {
    isPresent: true,
    roleIds: row.roleIds,
    username: row.username ?? '',
    displayName: row.displayName,
    nickname: row.nickname,
    isPending: row.isPending,
    timedOutUntil: row.timedOutUntil === null ? null : new Date(row.timedOutUntil),
    joinedAt: row.joinedAt === null ? null : new Date(row.joinedAt),
    ...(row.isBot && { isBot: true }),
  };
}
