import { ApplicationFlags } from 'discord-api-types/v10';
import type { z } from 'zod';

import type { DiscordUserId, GuildId } from '../model.js';
import type { GuildRef } from '../reconcile/ports.js';
import type { Perform } from './caller.js';
import {
  applicationReading,
  botUserReading,
  guildReading,
  type Call,
} from './calls.js';
import {
  applicationPayload,
  guildPayload,
  parsePayload,
  userPayload,
} from './payloads.js';

/** What a check of a client asks: who the bot is, where it is, what it may. */
export interface BotReadings {
  readonly whoAmI: (guild: GuildRef) => Promise<BotIdentity>;
  readonly readGuild: (guild: GuildRef) => Promise<GuildReading>;
  readonly readApplication: (guild: GuildRef) => Promise<ApplicationReading>;
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
      const hasMembersIntent = (flags & MEMBERS_INTENT) !== 0;
      return { applicationId, name, flags, hasMembersIntent };
    },
  };
}

/** Small applications have the limited one. */
const MEMBERS_INTENT =
  ApplicationFlags.GatewayGuildMembers |
  ApplicationFlags.GatewayGuildMembersLimited;
