import { PermissionFlagsBits } from 'discord-api-types/v10';

import { demand, param, standingOf, type ApiCall, type Decision } from './api-call.js';
import { permissionsOf } from './permissions.js';
import { flagOf, snowflakeOf, wholeNumberOf } from './query.js';
import { missingAccess, unauthorized, unknownChannel } from './refusal.js';
import type { Route } from './route.js';
import { compareSnowflakes } from './snowflake.js';
import { auditEntryOnWire, userOnWire } from './wire.js';
import { channelOnWire, countsOnWire, guildOnWire, previewOnWire } from './wire-guild.js';

const GUILD = '/guilds/{guild_id}';

/** The guild itself, its channels and its audit log. */
export const guildRoutes: readonly Route[] = [
  { method: 'GET', template: GUILD, decide: getGuild },
  { method: 'GET', template: `${GUILD}/preview`, decide: getPreview },
  { method: 'GET', template: `${GUILD}/channels`, decide: listChannels },
  { method: 'GET', template: '/channels/{channel_id}', decide: getChannel },
  { method: 'GET', template: `${GUILD}/audit-logs`, decide: listAuditLog },
];

function getGuild(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  const counts = flagOf(call.query, 'with_counts') ? countsOnWire(guild) : {};
  return { status: 200, body: { ...guildOnWire(guild), ...counts } };
}

/** Any bot may read the preview of a discoverable guild. */
function getPreview(call: ApiCall): Decision {
  const named = call.world.guilds.get(param(call, 'guild_id'));
  const isBot = call.caller.kind === 'bot';
  const guild = isBot && named?.features.includes('DISCOVERABLE') ? named : standingOf(call).guild;
  return { status: 200, body: previewOnWire(guild) };
}

/** All of them, also those that the bot may not view. */
function listChannels(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  return { status: 200, body: guild.channels.map((channel) => channelOnWire(guild, channel)) };
}

function getChannel(call: ApiCall): Decision {
  const { caller, now } = call;
  if (caller.kind !== 'bot') throw unauthorized();
  const channelId = param(call, 'channel_id');
  for (const guild of call.world.guilds.values()) {
    const channel = guild.channels.find((one) => one.channelId === channelId);
    if (!channel) continue;
    const self = guild.members.get(caller.application.botUserId);
    const permissions = self ? permissionsOf(guild, self, now) : 0n;
    if (!(permissions & PermissionFlagsBits.ViewChannel)) throw missingAccess();
    return { status: 200, body: channelOnWire(guild, channel) };
  }
  throw unknownChannel();
}

function listAuditLog(call: ApiCall): Decision {
  const standing = standingOf(call);
  demand(call, standing, PermissionFlagsBits.ViewAuditLog);
  const limit = wholeNumberOf(call.query, 'limit', {
    min: 1,
    max: 100,
    fallback: 50,
  });
  const actionType = wholeNumberOf(call.query, 'action_type', {
    min: 0,
    max: 1000,
    fallback: 0,
  });
  const actorId = snowflakeOf(call.query, 'user_id');
  const targetId = snowflakeOf(call.query, 'target_id');
  const before = snowflakeOf(call.query, 'before');
  const after = snowflakeOf(call.query, 'after');
  const fitting = standing.guild.auditLog.filter(
    (entry) =>
      (actionType === 0 || entry.actionType === actionType) &&
      (actorId === undefined || entry.actorId === actorId) &&
      (targetId === undefined || entry.targetId === targetId) &&
      (before === undefined || compareSnowflakes(entry.entryId, before) < 0) &&
      (after === undefined || compareSnowflakes(entry.entryId, after) > 0),
  );
  // Newest first, except that a request for entries after a given one starts with the oldest.
  const page = after === undefined ? fitting.slice(0, limit) : fitting.slice(-limit).toReversed();
  const named = new Set(page.flatMap((entry) => [entry.actorId, entry.targetId]));
  return {
    status: 200,
    body: {
      audit_log_entries: page.map(auditEntryOnWire),
      users: [...named]
        .filter((id) => id !== null && call.world.users.has(id))
        .map((id) => userOnWire(call.world, String(id))),
      ...EMPTY_LISTS,
    },
  };
}

const EMPTY_LISTS = {
  integrations: [],
  webhooks: [],
  guild_scheduled_events: [],
  threads: [],
  application_commands: [],
  auto_moderation_rules: [],
} as const;
