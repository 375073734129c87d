import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId, RenameRefusal, RoleId } from '../../model.js';
import type { NamedMember, NameRules } from '../../sweep/ports.js';

/** Returns null if the client was deleted. */
export async function readNameRules(db: Db, clientId: ClientId): Promise<NameRules | null> {
  const row = await db
    .selectFrom('client as c')
    .select([
      'c.nicknameStrategy',
      'c.nicknameTemplate',
      'c.authority',
      'c.screening',
      'c.guildId',
      'c.guildOwnerId',
      REFUSALS.as('refusals'),
    ])
    .where('c.id', '=', clientId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : {
        policy: { strategy: row.nicknameStrategy, template: row.nicknameTemplate },
        isObserved: row.authority === 'OBSERVE',
        waitsForScreening: row.screening === 'WAIT',
        guildId: row.guildId,
        ownerId: row.guildOwnerId,
        refusals: new Map(Object.entries(row.refusals)),
      };
}

const REFUSALS = sql<Readonly<Record<RoleId, RenameRefusal>>>`(
  select coalesce(jsonb_object_agg(r.id, r.rename_refusal), '{}') from role r
  where r.client_id = c.id and r.rename_refusal is not null)`;

export interface NamePageRequest {
  readonly clientId: ClientId;
  /** The last account of the previous page; null for the first page. */
  readonly after: DiscordUserId | null;
  readonly limit: number;
}

/**
 * Returns active links sorted by account, read from the unique index that prevents an account from
 * being linked twice.
 */
export async function readNamePage(
  db: Db,
  { clientId, after, limit }: NamePageRequest,
): Promise<readonly NamedMember[]> {
  const { rows } = await sql<NamedMember>`
    select l.discord_user_id as "discordUserId", l.platform_user_id as "platformUserId",
      jsonb_build_object('username', u.username, 'attributes', u.attributes) as person,
      coalesce(m.read_at is not null and m.is_present, false) as "isPresent", coalesce(m.is_pending, false) as "isPending",
      coalesce(m.role_ids, '{}') as "roleIds", m.reason,
      jsonb_build_object('nickname', m.nickname, 'displayName', m.display_name, 'username', m.username) as shown,
      case when m.nickname_refused_at > statement_timestamp() - interval '1 day' then m.nickname_refused end as "refusedBefore"
    from link l
    join platform_user u on u.id = l.platform_user_id
    left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE' and m.is_bot is not true and l.discord_user_id > ${after ?? ''}
    order by l.discord_user_id limit ${limit}`.execute(db);
  return rows;
}
