import type { LiveGuild } from './live-world.js';
import { rolesOnWire } from './wire.js';

/** A guild in Discord's format: the world's data plus the usual defaults. */
export function guildOnWire(guild: LiveGuild) {
  return {
    id: guild.guildId,
    name: guild.name,
    owner_id: guild.ownerId,
    mfa_level: guild.mfaLevel,
    roles: rolesOnWire(guild),
    max_members: guild.maxMembers,
    features: guild.hasScreening ? ['COMMUNITY', 'MEMBER_VERIFICATION_GATE_ENABLED'] : [],
    ...NOTHING_SPECIAL,
  };
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
