import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type {
  Attributes,
  ClientId,
  DiscordUserId,
  GuildId,
  NicknameStrategy,
  PlatformUserId,
  RenameRefusal,
  RoleId,
} from '../../model.js';
import type { NamedMember, NameRules } from '../../sweep/ports.js';

/** Null: the client was deleted. */
export async function readNameRules(db: Db, clientId: ClientId): Promise<NameRules | null> {
  const { rows } = await sql<RulesRow>`
    select c.nickname_strategy, c.nickname_template, c.authority = 'OBSERVE' as is_observed, c.screening = 'WAIT' as waits_for_screening, c.guild_id, c.guild_owner_id,
      (select coalesce(jsonb_object_agg(r.id, r.rename_refusal), '{}') from role r
        where r.client_id = c.id and r.rename_refusal is not null) as refusals
    from client c where c.id = ${clientId}`.execute(db);
  const [row] = rows;
  return row === undefined
    ? null
    : {
        policy: {
          strategy: row.nickname_strategy,
          template: row.nickname_template,
        },
        isObserved: row.is_observed,
        waitsForScreening: row.waits_for_screening,
        guildId: row.guild_id,
        ownerId: row.guild_owner_id,
        refusals: new Map(Object.entries(row.refusals)),
      };
}

interface RulesRow {
  readonly nickname_strategy: NicknameStrategy;
  readonly nickname_template: string | null;
  readonly is_observed: boolean;
  readonly waits_for_screening: boolean;
  readonly guild_id: GuildId;
  readonly guild_owner_id: DiscordUserId | null;
  readonly refusals: Readonly<Record<RoleId, RenameRefusal>>;
}

export interface NamePageRequest {
  readonly clientId: ClientId;
  /** The last account of the previous page. */
  readonly after: DiscordUserId | null;
  readonly limit: number;
}

/** Sorted by account, using the index that keeps an account from being linked twice. */
export async function readNamePage(
  db: Db,
  { clientId, after, limit }: NamePageRequest,
): Promise<readonly NamedMember[]> {
  const { rows } = await sql<MemberRow>`
    select l.discord_user_id, l.platform_user_id, u.username as person_username, u.attributes,
      coalesce(m.read_at is not null and m.is_present, false) as is_present, coalesce(m.is_pending, false) as is_pending, coalesce(m.role_ids, '{}') as role_ids,
      m.nickname, m.display_name, m.username, m.reason,
      case when m.nickname_refused_at > statement_timestamp() - interval '1 day' then m.nickname_refused end as refused_before
    from link l
    join platform_user u on u.id = l.platform_user_id
    left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE' and m.is_bot is not true and l.discord_user_id > ${after ?? ''}
    order by l.discord_user_id limit ${limit}`.execute(db);
  return rows.map((row) => ({
    discordUserId: row.discord_user_id,
    platformUserId: row.platform_user_id,
    person: { username: row.person_username, attributes: row.attributes },
    isPresent: row.is_present,
    isPending: row.is_pending,
    roleIds: row.role_ids,
    shown: {
      nickname: row.nickname,
      displayName: row.display_name,
      username: row.username,
    },
    refusedBefore: row.refused_before,
    reason: row.reason,
  }));
}

interface MemberRow {
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId;
  readonly person_username: string | null;
  readonly attributes: Attributes;
  readonly is_present: boolean;
  readonly is_pending: boolean;
  readonly role_ids: readonly RoleId[];
  readonly nickname: string | null;
  readonly display_name: string | null;
  readonly username: string | null;
  readonly reason: string | null;
  readonly refused_before: string | null;
}
