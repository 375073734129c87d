import { PermissionFlagsBits } from 'discord-api-types/v10';

import { demand, standingOf, type ApiCall, type Decision } from './api-call.js';
import { flagOf, snowflakeOf, wholeNumberOf } from './query.js';
import type { Route } from './route.js';
import { compareSnowflakes } from './snowflake.js';
import { auditEntryOnWire, userOnWire } from './wire.js';
import { countsOnWire, guildOnWire } from './wire-guild.js';

const GUILD = '/guilds/{guild_id}';

/** The guild itself and its audit log. */
export const guildRoutes: readonly Route[] = [
  { method: 'GET', template: GUILD, decide: getGuild },
  { method: 'GET', template: `${GUILD}/audit-logs`, decide: listAuditLog },
];

function getGuild(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  const counts = flagOf(call.query, 'with_counts') ? countsOnWire(guild) : {};
  return { status: 200, body: { ...guildOnWire(guild), ...counts } };
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
