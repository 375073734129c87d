import { ChannelType } from 'discord-api-types/v10';

import type { LiveGuild } from './live-world.js';
import { rolesOnWire } from './wire.js';
import type { FullChannel } from './world.js';

/** A guild in Discord's format: the world's data plus the usual defaults. */
export function guildOnWire(guild: LiveGuild) {
  return {
    id: guild.guildId,
    name: guild.name,
    owner_id: guild.ownerId,
    mfa_level: guild.mfaLevel,
    roles: rolesOnWire(guild),
    max_members: guild.maxMembers,
    features: featuresOf(guild),
    ...NOTHING_SPECIAL,
  };
}

export function previewOnWire(guild: LiveGuild) {
  return {
    id: guild.guildId,
    name: guild.name,
    icon: null,
    description: null,
    home_header: null,
    splash: null,
    discovery_splash: null,
    features: featuresOf(guild),
    emojis: [],
    stickers: [],
    ...countsOnWire(guild),
  };
}

/** Screening also shows in the features. */
export function featuresOf({ features, hasScreening }: LiveGuild): readonly string[] {
  const screening = hasScreening ? ['COMMUNITY', 'MEMBER_VERIFICATION_GATE_ENABLED'] : [];
  return [...new Set([...features, ...screening])];
}

export function channelOnWire(guild: LiveGuild, channel: FullChannel) {
  return {
    id: channel.channelId,
    type: channel.type,
    guild_id: guild.guildId,
    name: channel.name,
    position: channel.position,
    parent_id: channel.parentId,
    permission_overwrites: [],
    flags: 0,
    ...byType(channel),
  };
}

const CATEGORY: number = ChannelType.GuildCategory;
const VOICE: readonly number[] = [ChannelType.GuildVoice, ChannelType.GuildStageVoice];

function byType({ type, topic }: FullChannel) {
  if (type === CATEGORY) return {};
  const messages = { nsfw: false, last_message_id: null, rate_limit_per_user: 0 };
  if (!VOICE.includes(type)) return { ...messages, topic };
  return { ...messages, bitrate: 64_000, user_limit: 0, rtc_region: null };
}

export function countsOnWire(guild: LiveGuild) {
  return {
    approximate_member_count: guild.members.size,
    approximate_presence_count: 0,
  };
}

/** A guild as an invited person sees it. */
export function inviteGuildOnWire(guild: LiveGuild) {
  const { features } = guildOnWire(guild);
  return {
    id: guild.guildId,
    name: guild.name,
    splash: null,
    banner: null,
    description: null,
    icon: null,
    features,
    verification_level: 0,
    vanity_url_code: null,
    nsfw_level: 0,
    nsfw: false,
    premium_subscription_count: 0,
  };
}

const NOTHING_SPECIAL = {
  icon: null,
  description: null,
  home_header: null,
  splash: null,
  discovery_splash: null,
  banner: null,
  application_id: null,
  region: 'deprecated',
  afk_channel_id: null,
  afk_timeout: 300,
  system_channel_id: null,
  system_channel_flags: 0,
  widget_enabled: false,
  widget_channel_id: null,
  verification_level: 0,
  default_message_notifications: 0,
  explicit_content_filter: 0,
  max_presences: null,
  max_stage_video_channel_users: 50,
  max_video_channel_users: 25,
  vanity_url_code: null,
  premium_tier: 0,
  premium_subscription_count: 0,
  preferred_locale: 'en-US',
  rules_channel_id: null,
  safety_alerts_channel_id: null,
  public_updates_channel_id: null,
  premium_progress_bar_enabled: false,
  nsfw: false,
  nsfw_level: 0,
  emojis: [],
  stickers: [],
  incidents_data: null,
} as const;
