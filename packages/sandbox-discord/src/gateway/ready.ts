import {
  ApplicationFlags,
  GatewayIntentBits,
  Locale,
  type APIGuildMember,
  type GatewayGuildCreateDispatchData,
  type GatewayReadyDispatchData,
} from 'discord-api-types/v10';

import type { LiveGuild, LiveWorld } from '../live-world.js';
import type { FullMember } from '../world.js';
import { memberOnWire, ownUserOnWire, timeOnWire, userOnWire } from '../wire.js';
import { channelOnWire, guildOnWire } from '../wire-guild.js';
import type { Connection } from './connection.js';
import type { Session } from './sessions.js';
import { guildsOnShard } from './sharding.js';

/** The first event of a session. All guilds begin as unavailable. */
export function readyOnWire(
  world: LiveWorld,
  session: Session,
  { version, address }: Pick<Connection, 'version' | 'address'>,
): GatewayReadyDispatchData {
  const user = world.users.get(session.botUserId);
  const application = world.applications.get(session.applicationId);
  const flags: number = application?.guildMembersIntent
    ? ApplicationFlags.GatewayGuildMembersLimited
    : 0;
  return {
    v: version,
    user: user ? ownUserOnWire(world, user, true) : userOnWire(world, session.botUserId),
    guilds: guildsOnShard(world, session.botUserId, session.shard).map(({ guildId }) => ({
      id: guildId,
      unavailable: true,
    })),
    session_id: session.sessionId,
    resume_gateway_url: address,
    ...(session.isShardNamed ? { shard: [...session.shard] } : {}),
    application: { id: session.applicationId, flags, flags_new: String(flags) },
  };
}

/** An empty bit field, for which the enum has no name. */
const NO_FLAGS: number = 0;

/** Handwritten worlds may have features and channels that the types do not know. */
type GuildCreate = Omit<GatewayGuildCreateDispatchData, 'features' | 'channels'> & {
  readonly features: readonly string[];
  readonly channels: readonly unknown[];
};

/** A guild that became available to the session's bot. */
export function guildCreateOnWire(
  world: LiveWorld,
  guild: LiveGuild,
  session: Session,
): GuildCreate {
  const self = guild.members.get(session.botUserId);
  return {
    ...guildOnWire(guild),
    preferred_locale: Locale.EnglishUS,
    hub_type: null,
    system_channel_flags: NO_FLAGS,
    emojis: [],
    stickers: [],
    joined_at: timeOnWire(self?.joinedAt ?? new Date(0).toISOString()),
    large: guild.members.size > session.largeThreshold,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: [],
    members: firstMembers(world, guild, session),
    channels: guild.channels.map((channel) => channelOnWire(guild, channel)),
    threads: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

/** Beyond this many members Discord sends only those in voice. */
const MOST_LISTED = 75_000;

/**
 * Without the presences intent only the bot itself. With it all members of a small guild, and of a
 * large one those with a role or a nickname; no member is ever online or in voice.
 */
function firstMembers(world: LiveWorld, guild: LiveGuild, session: Session): APIGuildMember[] {
  const { members } = guild;
  const self = members.get(session.botUserId);
  const seesPresences = (session.intents & GatewayIntentBits.GuildPresences) !== 0;
  const isSmall = members.size <= session.largeThreshold;
  const isShown = (member: FullMember) =>
    isSmall || member === self || member.roleIds.length > 0 || member.nick !== null;
  const shown =
    seesPresences && members.size <= MOST_LISTED ? [...members.values()].filter(isShown) : [self];
  return shown.flatMap((member) => (member ? [memberOnWire(world, member)] : []));
}
