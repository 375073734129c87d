import { RequestMethod } from '@discordjs/rest';
import { ApplicationFlags, Routes } from 'discord-api-types/v10';
import type { z } from 'zod';

import { UnavailableError } from '../../lib/errors.js';
import type { DiscordUserId, GuildId, RoleId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { Answer } from './answer.js';
import {
  applicationReading,
  botMemberReading,
  botUserReading,
  type Call,
  guildReading,
  inviteReading,
  isUnknownInvite,
  type Perform,
  rolesReading,
} from './calls.js';
import {
  applicationPayload,
  guildPayload,
  invitePayload,
  memberPayload,
  parsePayload,
  rolesPayload,
  userPayload,
} from './payloads.js';

/** What a check of a client asks: who the bot is, where it is, what it may. One call each. */
export interface BotReadings {
  readonly whoAmI: (guild: GuildRef) => Promise<BotIdentity>;
  readonly readGuild: (guild: GuildRef) => Promise<GuildReading>;
  readonly readApplication: (guild: GuildRef) => Promise<ApplicationReading>;
  /** The roles that the bot itself has, without @everyone. */
  readonly readBotRoleIds: (
    guild: GuildRef,
    botUserId: DiscordUserId,
  ) => Promise<readonly RoleId[]>;
  /** Every role of the guild, @everyone among them. */
  readonly readRoleList: (guild: GuildRef) => Promise<readonly RoleReading[]>;
  /** Null: there is no such invite, or no longer. */
  readonly readInvite: (guild: GuildRef, code: string) => Promise<InviteReading | null>;
}

export interface BotIdentity {
  readonly botUserId: DiscordUserId;
  readonly username: string;
}

export interface GuildReading {
  readonly guildId: GuildId;
  readonly name: string;
  readonly ownerId: DiscordUserId;
  /** Moderating needs two-factor authentication of the application's owner. */
  readonly asksForMfa: boolean;
}

export interface ApplicationReading {
  readonly applicationId: string;
  readonly name: string;
  readonly flags: number;
  /** The privileged intent that listing members needs. */
  readonly hasMembersIntent: boolean;
  /** Null: not shown. */
  readonly redirectUris: readonly string[] | null;
  readonly botUserId: DiscordUserId | null;
}

export interface RoleReading {
  readonly roleId: RoleId;
  readonly name: string;
  readonly position: number;
  readonly color: number;
  readonly isManaged: boolean;
  /** A decimal string of bits. */
  readonly permissions: string;
}

export interface InviteReading {
  readonly guildId: GuildId | null;
  /** Null: it lasts. Undefined: Discord does not say. */
  readonly expiresAt: Date | null | undefined;
}

export function createBotReadings(perform: Perform): BotReadings {
  const read = async <T>(guild: GuildRef, call: Call, schema: z.ZodType<T>) =>
    parsePayload(schema, await perform(guild, call), call.doing);

  return {
    async whoAmI(guild) {
      const user = await read(guild, botUserReading, userPayload);
      return { botUserId: user.id, username: user.username };
    },
    async readGuild(guild) {
      const found = await read(guild, guildReading(guild), guildPayload);
      return {
        guildId: found.id,
        name: found.name,
        ownerId: found.owner_id,
        asksForMfa: found.mfa_level > 0,
      };
    },
    async readApplication(guild) {
      const found = await read(guild, applicationReading, applicationPayload);
      const { id: applicationId, name, flags } = found;
      return {
        applicationId,
        name,
        flags,
        hasMembersIntent: (flags & MEMBERS_INTENT) !== 0,
        redirectUris: found.redirect_uris ?? null,
        botUserId: found.bot?.id ?? null,
      };
    },
    async readBotRoleIds(guild, botUserId) {
      const target = { ...guild, discordUserId: botUserId, isUrgent: true };
      const call = botMemberReading(target);
      const { roles } = await read(guild, call, memberPayload);
      return roles;
    },
    async readRoleList(guild) {
      const call = rolesReading(guild);
      const roles = await read(guild, call, rolesPayload);
      // A list without @everyone is incomplete, and roles missing from it would count as deleted.
      if (roles.some(({ id }) => id === guild.guildId)) return rolesOf(roles);
      throw new UnavailableError(`cannot ${call.doing}: the response lacks the role @everyone`);
    },
    async readInvite(guild, code) {
      const call = inviteReading(code);
      const answer = await perform(guild, call);
      if (isUnknownInvite(answer)) return null;
      const invite = parsePayload(invitePayload, answer, call.doing);
      return { guildId: invite.guild?.id ?? null, expiresAt: invite.expires_at };
    },
  };
}

function rolesOf(roles: z.infer<typeof rolesPayload>): readonly RoleReading[] {
  return roles.map(({ id: roleId, managed: isManaged, ...role }) => ({
    ...role,
    roleId,
    isManaged,
  }));
}

/** Small applications have the limited one. */
const MEMBERS_INTENT =
  ApplicationFlags.GatewayGuildMembers | ApplicationFlags.GatewayGuildMembersLimited;

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
