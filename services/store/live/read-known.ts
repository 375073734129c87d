import { sql } from 'kysely';

import type { ClientId, MemberKey, RoleId } from '../../model.js';
import { columns, type RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import { mirrorOf } from '../path/read-member.js';
import { entryTime } from './hand-entries.js';
import type { GuildRules, KnownHand, KnownMember } from './judge-event.js';

/**
 * An event that differs from a reading or a write of the connector may be older than it for this
 * long. Discord usually delivers events within a second.
 */
const MAY_BE_LATE = sql.lit('15 seconds');

export interface StoredMember extends MemberKey, KnownMember {
  /** The time of the mirror, as text to keep its microseconds. */
  readonly readAt: string | null;
}

/** Returns the linked ones of these members. */
export async function readKnownMembers(
  db: Db,
  members: readonly MemberKey[],
): Promise<readonly StoredMember[]> {
  const { rows } = await sql<KnownRow>`
    select k.client_id as "clientId", k.id as "discordUserId", a.read_at::text as "readAt", ${columns<'member'>(MIRROR, 'a')},
      a.read_at > statement_timestamp() - interval ${MAY_BE_LATE} and (a.live_at is null or a.live_at < a.read_at) as "isUnconfirmed",
      coalesce(a.nickname_set_hash = encode(sha256(convert_to(a.nickname, 'UTF8')), 'hex'), false) as "isNicknameOurs",
      exists (select from audit_record o where o.client_id = k.client_id and o.discord_user_id = k.id and o.closed_at is null)
        as "hasOpenRecord",
      exists (select from reconcile_job j where j.client_id = k.client_id and j.discord_user_id = k.id and not j.is_parked)
        as "isWaiting",
      exists (select from link l where l.client_id = k.client_id and l.discord_user_id = k.id and l.status = 'ENDING')
        as "hasEndingLink",
      (select coalesce(jsonb_agg(jsonb_build_object('roleId', h.role_id, 'isGiven', h.is_given, 'entryId', h.entry_id,
          'byDiscordUserId', h.by_discord_user_id, 'byName', h.by_name)), '[]')
        from hand_change h where h.client_id = k.client_id and h.discord_user_id = k.id
          and ${entryTime(sql`h.entry_id`)} > statement_timestamp() - interval ${MAY_BE_LATE}) as hands
    from unnest(${members.map((member) => member.clientId)}::uuid[], ${members.map((member) => member.discordUserId)}::text[])
      as k (client_id, id)
    left join member a on a.client_id = k.client_id and a.discord_user_id = k.id
    where exists (select from link l where l.client_id = k.client_id and l.discord_user_id = k.id)`.execute(
    db,
  );
  return rows.map((row) => ({
    clientId: row.clientId,
    discordUserId: row.discordUserId,
    readAt: row.readAt,
    mirror: row.readAt === null ? null : mirrorOf(row),
    isUnconfirmed: row.isUnconfirmed === true,
    isNicknameOurs: row.isNicknameOurs,
    hasOpenRecord: row.hasOpenRecord,
    isWaiting: row.isWaiting,
    hasEndingLink: row.hasEndingLink,
    hands: row.hands,
  }));
}

const MIRROR = [
  'isPresent',
  'roleIds',
  'username',
  'displayName',
  'nickname',
  'isPending',
  'isBot',
  'timedOutUntil',
  'joinedAt',
] as const;

interface KnownRow
  extends
    RawRow<'member', (typeof MIRROR)[number]>,
    MemberKey,
    Pick<KnownMember, 'isNicknameOurs' | 'hasOpenRecord' | 'isWaiting' | 'hasEndingLink'> {
  readonly readAt: string | null;
  readonly isUnconfirmed: boolean | null;
  readonly hands: readonly KnownHand[];
}

/** Returns what the events of these clients are judged by. Leaves out deleted clients. */
export async function readGuildRules(
  db: Db,
  clientIds: readonly ClientId[],
): Promise<ReadonlyMap<ClientId, GuildRules>> {
  const { rows } = await sql<{
    clientId: ClientId;
    setsNicknames: boolean;
    roleIds: readonly RoleId[];
  }>`
    select c.id as "clientId", c.nickname_strategy <> 'NONE' and c.authority <> 'OBSERVE' as "setsNicknames",
      array(select distinct m.role_id from role_mapping m where m.client_id = c.id) as "roleIds"
    from client c where c.id = any(${clientIds}::uuid[])`.execute(db);
  return new Map(
    rows.map(({ clientId, setsNicknames, roleIds }) => [
      clientId,
      { setsNicknames, mappedRoles: new Set(roleIds) },
    ]),
  );
}
