import { sql } from 'kysely';

import type { ClientId, DiscordUserId, GuildId, PlatformUserId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import type { EnqueueEvents, WrittenEvent } from './outbox.js';

/** Publishes that linked members left or returned. Ending links are not mentioned. */
export async function tellPresence(
  db: Db,
  enqueueEvents: EnqueueEvents,
  type: Extract<WrittenEvent, 'discord.member.left.v1' | 'discord.member.returned.v1'>,
  news: readonly { readonly clientId: ClientId; readonly members: readonly DiscordUserId[] }[],
): Promise<void> {
  const keys = news.flatMap(({ clientId, members }) => members.map((id) => ({ clientId, id })));
  if (keys.length === 0) return;
  const { rows } = await sql<PresenceNews>`
    select l.platform_user_id as "platformUserId", l.discord_user_id as "discordUserId", c.guild_id as "guildId", c.id as "clientId"
    from unnest(${keys.map((key) => key.clientId)}::uuid[], ${keys.map((key) => key.id)}::text[]) as k (client_id, id)
    join link l on l.client_id = k.client_id and l.discord_user_id = k.id and l.status = 'ACTIVE'
    join client c on c.id = l.client_id
    order by l.client_id, l.discord_user_id`.execute(db);
  await enqueueEvents(
    db,
    rows.map(({ clientId, ...row }) => ({
      type,
      key: row.platformUserId,
      data: { clientId, ...row },
    })),
  );
}

interface PresenceNews {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
  readonly guildId: GuildId;
  readonly platformUserId: PlatformUserId;
}
