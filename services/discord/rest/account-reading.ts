import { RequestMethod } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';

import type { DiscordUserId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { Answer } from './answer.js';
import type { Call, Perform } from './calls.js';
import { parsePayload, userPayload } from './payloads.js';

/** Whether an account is a bot's; null: Discord does not know the account. */
export type IsBotAccount = (
  guild: GuildRef,
  discordUserId: DiscordUserId,
) => Promise<boolean | null>;

/** Answers for any account, whether or not it shares a guild with the bot. */
export function createAccountReading(perform: Perform): IsBotAccount {
  return async (guild, discordUserId) => {
    const call = accountReading(discordUserId);
    const answer = await perform(guild, call);
    if (isUnknownUser(answer)) return null;
    return parsePayload(userPayload, answer, call.doing).bot === true;
  };
}

const accountReading = (discordUserId: DiscordUserId): Call => ({
  method: RequestMethod.Get,
  route: '/users/{user_id}',
  path: Routes.user(discordUserId),
  doing: `read account ${discordUserId}`,
  ids: { discordUserId },
  accepts: (answer) => answer.status === 200 || isUnknownUser(answer),
});

function isUnknownUser({ status, code }: Answer): boolean {
  return status === 404 && code === 10013;
}
