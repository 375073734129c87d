import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import type { ClientId, DiscordUserId } from '../../model.js';

/**
 * Query of the accounts known to be bots: read as a bot by any client, or the bot of a client. An
 * account never changes between bot and person.
 */
export const botsAmong = (discordUserIds: readonly DiscordUserId[]) => sql<{
  id: DiscordUserId;
}>`
  select discord_user_id as id from member where discord_user_id = any(${discordUserIds}::text[]) and is_bot
  union select bot_user_id from client where bot_user_id = any(${discordUserIds}::text[])
  union select discord_user_id from unlinked_holder where discord_user_id = any(${discordUserIds}::text[]) and is_bot`;

export async function isKnownBot(db: Db, discordUserId: DiscordUserId): Promise<boolean> {
  const { rows } = await botsAmong([discordUserId]).execute(db);
  return rows.length > 0;
}

/**
 * Returns whether an account is a bot, and whether the client may call Discord (`mayAsk`). `isBot`
 * is null if the account is not known to be a bot and this client has never read it.
 */
export async function readAccount(
  db: Db,
  {
    clientId,
    discordUserId,
  }: { readonly clientId: ClientId; readonly discordUserId: DiscordUserId },
): Promise<{ readonly isBot: boolean | null; readonly mayAsk: boolean }> {
  const isBot = await isKnownBot(db, discordUserId);
  const row = await db
    .selectFrom('client as c')
    .leftJoin('member as m', (join) =>
      join.onRef('m.clientId', '=', 'c.id').on('m.discordUserId', '=', discordUserId),
    )
    .select(['c.isEnabled', 'c.stoppedAt', 'm.readAt', 'm.username'])
    .where('c.id', '=', clientId)
    .executeTakeFirst();
  const wasRead = row !== undefined && row.readAt !== null && row.username !== null;
  return {
    isBot: isBot || (wasRead ? false : null),
    mayAsk: row !== undefined && row.isEnabled && row.stoppedAt === null,
  };
}

export const isBotMessage = (discordUserId: DiscordUserId): string =>
  `Discord account ${discordUserId} is a bot; only accounts of people can be linked`;

export function botRefused(discordUserId: DiscordUserId): InputError {
  return new InputError('BAD_USER_INPUT', isBotMessage(discordUserId), 'input.discordUserId');
}
