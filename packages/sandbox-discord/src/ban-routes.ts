import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';

import {
  demand,
  param,
  standingOf,
  type ApiCall,
  type Decision,
  type Standing,
} from './api-call.js';
import { nullable, readForm, required, snowflakes, wholeNumber } from './form.js';
import { banAccount, unbanAccount } from './live-world.js';
import { canActOn } from './permissions.js';
import { snowflakeOf, wholeNumberOf } from './query.js';
import { banFailed, missingPermissions, unknownBan, unknownUser } from './refusal.js';
import type { Route } from './route.js';
import { compareSnowflakes } from './snowflake.js';
import { banOnWire } from './wire.js';

const BANS = '/guilds/{guild_id}/bans';
const BAN = `${BANS}/{user_id}`;

/** Reads, makes and lifts bans. Members and other accounts can be banned alike. */
export const banRoutes: readonly Route[] = [
  { method: 'GET', template: BANS, decide: listBans },
  { method: 'GET', template: BAN, decide: getBan },
  { method: 'PUT', template: BAN, decide: putBan },
  { method: 'DELETE', template: BAN, decide: deleteBan },
  { method: 'POST', template: '/guilds/{guild_id}/bulk-ban', decide: banMany },
];

function listBans(call: ApiCall): Decision {
  const { bans } = bannersStanding(call).guild;
  const limit = wholeNumberOf(call.query, 'limit', { min: 1, max: 1000, fallback: 1000 });
  const before = snowflakeOf(call.query, 'before');
  const after = snowflakeOf(call.query, 'after') ?? '0';
  const ids = [...bans.keys()].sort(compareSnowflakes);
  // With both given, Discord respects only `before`.
  const page =
    before === undefined
      ? ids.filter((id) => compareSnowflakes(id, after) > 0).slice(0, limit)
      : ids.filter((id) => compareSnowflakes(id, before) < 0).slice(-limit);
  const body = page.flatMap((id) => bans.get(id) ?? []).map((ban) => banOnWire(call.world, ban));
  return { status: 200, body };
}

function getBan(call: ApiCall): Decision {
  const ban = bannersStanding(call).guild.bans.get(param(call, 'user_id'));
  if (!ban) throw unknownBan();
  return { status: 200, body: banOnWire(call.world, ban) };
}

/** An account that is banned already keeps its ban with the first reason. */
function putBan(call: ApiCall): Decision {
  const standing = bannersStanding(call);
  readDeletion(call);
  const discordUserId = param(call, 'user_id');
  if (!call.world.users.has(discordUserId)) throw unknownUser();
  demandRankOver(standing, discordUserId);
  if (standing.guild.bans.has(discordUserId)) return { status: 204 };
  return { status: 204, ...banning(call, standing, [discordUserId]) };
}

function deleteBan(call: ApiCall): Decision {
  const standing = bannersStanding(call);
  const { guild } = standing;
  const targetId = param(call, 'user_id');
  // For a member above the bot, Discord refuses before it looks for the ban.
  demandRankOver(standing, targetId);
  if (!guild.bans.has(targetId)) throw unknownBan();
  return {
    status: 204,
    change: () => unbanAccount(guild, targetId),
    audit: { guild, entries: [{ actionType: AuditLogEvent.MemberBanRemove, targetId }] },
  };
}

const MAX_BULK = 200;

function banMany(call: ApiCall): Decision {
  const standing = bannersStanding(call);
  demand(call, standing, PermissionFlagsBits.ManageGuild);
  const form = readForm<BulkForm>(call.body, {
    user_ids: snowflakes({ max: MAX_BULK }),
    ...DELETION,
  });
  const wanted = required('user_ids', form.user_ids);
  // Discord drops the bot's own id without a word.
  const others = wanted.filter((id) => id !== standing.self.discordUserId);
  const banned = others.filter((id) => canBeBanned(call, standing, id));
  if (banned.length === 0) throw banFailed();
  return {
    status: 200,
    body: { banned_users: banned, failed_users: others.filter((id) => !banned.includes(id)) },
    ...banning(call, standing, banned),
  };
}

type BulkForm = DeletionForm & { readonly user_ids: readonly string[] };

function canBeBanned(call: ApiCall, standing: Standing, discordUserId: string): boolean {
  return (
    call.world.users.has(discordUserId) &&
    !standing.guild.bans.has(discordUserId) &&
    isInReach(standing, discordUserId)
  );
}

function bannersStanding(call: ApiCall): Standing {
  const standing = standingOf(call);
  demand(call, standing, PermissionFlagsBits.BanMembers);
  return standing;
}

function demandRankOver(standing: Standing, discordUserId: string): void {
  if (!isInReach(standing, discordUserId)) throw missingPermissions();
}

/** Accounts outside the guild have no rank. */
function isInReach({ guild, self }: Standing, discordUserId: string): boolean {
  const member = guild.members.get(discordUserId);
  return member === undefined || canActOn(guild, self, member);
}

function banning(
  { reason }: ApiCall,
  { guild }: Standing,
  ids: readonly string[],
): Pick<Decision, 'change' | 'audit'> {
  return {
    change: () => {
      for (const discordUserId of ids) banAccount(guild, { discordUserId, reason: reason ?? null });
    },
    audit: {
      guild,
      entries: ids.map((targetId) => ({ actionType: AuditLogEvent.MemberBanAdd, targetId })),
    },
  };
}

type DeletionForm = {
  readonly delete_message_days: number | null;
  readonly delete_message_seconds: number | null;
};

const A_WEEK_IN_SECONDS = 604_800;

const DELETION = {
  delete_message_days: nullable(wholeNumber({ min: 0, max: 7 })),
  delete_message_seconds: nullable(wholeNumber({ min: 0, max: A_WEEK_IN_SECONDS })),
};

/** Checked and ignored: there are no messages. Some clients send these in the query. */
function readDeletion(call: ApiCall): void {
  readForm<DeletionForm>(call.body, DELETION);
  wholeNumberOf(call.query, 'delete_message_days', { min: 0, max: 7, fallback: 0 });
  const seconds = { min: 0, max: A_WEEK_IN_SECONDS, fallback: 0 };
  wholeNumberOf(call.query, 'delete_message_seconds', seconds);
}
