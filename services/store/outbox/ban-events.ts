import { sql } from 'kysely';

import type { ClientId, DiscordUserId, GuildId, MemberKey, PlatformUserId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import type { NewEvent } from './outbox.js';

/**
 * Returns the events that report these bans, for linked accounts whose ban the mirror does not show
 * yet. Call it before the mirror is written, so that each ban is reported once.
 */
export async function newBanEvents(
  db: Db,
  banned: readonly MemberKey[],
): Promise<readonly NewEvent[]> {
  if (banned.length === 0) return [];
  const { rows } = await sql<BannedAccount>`
    select c.id as "clientId", c.guild_id as "guildId", l.discord_user_id as "discordUserId", l.platform_user_id as "platformUserId"
    from unnest(${banned.map(({ clientId }) => clientId)}::uuid[], ${banned.map(({ discordUserId }) => discordUserId)}::text[])
      as k (client_id, discord_user_id)
    join link l on l.client_id = k.client_id and l.discord_user_id = k.discord_user_id and l.status = 'ACTIVE'
    join client c on c.id = l.client_id
    left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
    where m.join_refusal is distinct from 'BANNED'
    order by c.id, l.discord_user_id`.execute(db);
  return rows.map((row) => ({
    type: 'discord.member.banned.v1',
    key: row.platformUserId,
    data: { ...row },
  }));
}

interface BannedAccount {
  readonly clientId: ClientId;
  readonly guildId: GuildId;
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId;
}
