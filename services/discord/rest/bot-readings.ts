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
  gatewayReading,
  guildReading,
  inviteReading,
  isUnknownInvite,
  type Perform,
  rolesReading,
} from './calls.js';
import {
  applicationPayload,
  gatewayPayload,
  guildPayload,
  invitePayload,
  memberPayload,
  parsePayload,
  rolesPayload,
  userPayload,
} from './payloads.js';

/** Reads the bot, its application and its guild. Each function makes one call. */
export interface BotReadings {
  readonly whoAmI: (guild: GuildRef) => Promise<BotIdentity>;
  readonly readGuild: (guild: GuildRef) => Promise<GuildReading>;
  readonly readApplication: (guild: GuildRef) => Promise<ApplicationReading>;
  /** The bot's own roles, without @everyone. */
  readonly readBotRoleIds: (
    guild: GuildRef,
    botUserId: DiscordUserId,
  ) => Promise<readonly RoleId[]>;
  /** All roles of the guild, including @everyone. */
  readonly readRoleList: (guild: GuildRef) => Promise<readonly RoleReading[]>;
  /** Null if the invite does not exist or has expired. */
  readonly readInvite: (guild: GuildRef, code: string) => Promise<InviteReading | null>;
  readonly readGatewayInformation: (guild: GuildRef) => Promise<GatewayInformation>;
}

export interface BotIdentity {
  readonly botUserId: DiscordUserId;
  readonly username: string;
}

export interface GuildReading {
  readonly guildId: GuildId;
  readonly name: string;
  readonly ownerId: DiscordUserId;
  /**
   * True if the guild requires two-factor authentication for moderation. The application's owner
   * must then have it enabled.
   */
  readonly asksForMfa: boolean;
}

export interface ApplicationReading {
  readonly applicationId: string;
  readonly name: string;
  readonly flags: number;
  /** True if the application has the privileged intent that listing members requires. */
  readonly hasMembersIntent: boolean;
  /** Null: Discord did not show the addresses. */
  readonly redirectUris: readonly string[] | null;
  readonly botUserId: DiscordUserId | null;
}

export interface RoleReading {
  readonly roleId: RoleId;
  readonly name: string;
  readonly position: number;
  readonly color: number;
  readonly isManaged: boolean;
  /** Permission bits, as a decimal number. */
  readonly permissions: string;
}

export interface InviteReading {
  readonly guildId: GuildId | null;
  /** Null: never expires. Undefined: Discord did not report it. */
  readonly expiresAt: Date | null | undefined;
}

/** How the bot may connect to Discord's gateway. */
export interface GatewayInformation {
  /** The websocket's address, without query. */
  readonly url: string;
  /** How many shards Discord recommends. */
  readonly shards: number;
  /** How many sessions the bot may still start, and when that is reset. */
  readonly startLimit: { readonly remaining: number; readonly resetAfterMs: number };
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
    async readGatewayInformation(guild) {
      const found = await read(guild, gatewayReading, gatewayPayload);
      const { remaining, reset_after: resetAfterMs } = found.session_start_limit;
      return { url: found.url, shards: found.shards, startLimit: { remaining, resetAfterMs } };
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

/** Small applications have the flag with `Limited`, all others the flag without it. */
const MEMBERS_INTENT =
  ApplicationFlags.GatewayGuildMembers | ApplicationFlags.GatewayGuildMembersLimited;

/** Any account of Discord's. */
export interface AccountReading {
  readonly username: string;
  readonly displayName: string | null;
  readonly isBot: boolean;
}

/** Returns null if Discord does not know the account. */
export type ReadAccount = (
  guild: GuildRef,
  discordUserId: DiscordUserId,
) => Promise<AccountReading | null>;

/** Works for any account, even if it shares no guild with the bot. */
export function createAccountReading(perform: Perform): ReadAccount {
  return async (guild, discordUserId) => {
    const call = accountReading(discordUserId);
    const answer = await perform(guild, call);
    if (isUnknownUser(answer)) return null;
    const user = parsePayload(userPayload, answer, call.doing);
    return {
      username: user.username,
      displayName: user.global_name ?? null,
      isBot: user.bot === true,
    };
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
