import type { SandboxDiscord } from 'sandbox-discord';

import type { ScaledConnector } from '../support/scaled-connector.js';
import type { SettledGuild } from '../support/settled-guild.js';

/** Settings of a client that names its members. */
export const NICKNAMES = {
  nicknamePolicy: { strategy: 'TEMPLATE', template: 'P %username', onUnlink: 'KEEP' },
} as const;

/** Of a user whose name on the platform is this. */
export const nicknameOf = (username: string) => `P ${username}`;

/** Back to the state before the first link. */
export async function linkNobody({ sql }: ScaledConnector): Promise<void> {
  for (const table of ['reconcile_job', 'link', 'member', 'guild_listing'])
    await sql.query(`delete from ${table}`);
}

/** Takes the mapped roles from all members by hand. */
export function stripMembers(discord: SandboxDiscord, { guild }: SettledGuild): void {
  const { guildId, roleIds } = guild;
  for (const { discordUserId, roleIds: held } of discord.guild(guildId).members)
    for (const roleId of held.filter((id) => roleIds.includes(id)))
      discord.moderator.takeRole({ guildId, discordUserId, roleId });
}

/** Removes all members but the owner and the bot. */
export function emptyGuild(discord: SandboxDiscord, { guild }: SettledGuild): void {
  for (const discordUserId of guild.discordUserIds.slice(1))
    discord.moderator.leave({ guildId: guild.guildId, discordUserId });
}
