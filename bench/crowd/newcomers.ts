import type { SandboxDiscord } from 'sandbox-discord';

import type { ScaledConnector } from '../support/scaled-connector.js';
import type { SettledGuild } from '../support/settled-guild.js';

/** Settings of a client that names its members. */
export const NICKNAMES = {
  nicknamePolicy: { strategy: 'TEMPLATE', template: 'P %username', onUnlink: 'KEEP' },
} as const;

/** The expected nickname of a user with this platform name. */
export const nicknameOf = (username: string) => `P ${username}`;

/** Restores the state before the first link. */
export async function linkNobody({ sql }: ScaledConnector): Promise<void> {
  for (const table of ['reconcile_job', 'link', 'member', 'guild_listing'])
    await sql.query(`delete from ${table}`);
}

/** Removes the mapped roles from all members, as a moderator would. */
export function stripMembers(discord: SandboxDiscord, { guild }: SettledGuild): void {
  const { guildId, roleIds } = guild;
  for (const { discordUserId, roleIds: held } of discord.guild(guildId).members)
    for (const roleId of held.filter((id) => roleIds.includes(id)))
      discord.moderator.takeRole({ guildId, discordUserId, roleId });
}

/** Removes all members except the owner and the bot. */
export function emptyGuild(discord: SandboxDiscord, { guild }: SettledGuild): void {
  for (const discordUserId of guild.discordUserIds.slice(1))
    discord.moderator.leave({ guildId: guild.guildId, discordUserId });
}
