import { PermissionFlagsBits } from 'discord-api-types/v10';

import {
  demand,
  demandRoles,
  param,
  standingOf,
  type ApiCall,
  type Decision,
  type Standing,
} from './api-call.js';
import { flag, nullable, readForm, required, snowflakes, text } from './form.js';
import { afterGrants, newMember, saveMember, type LiveUser } from './live-world.js';
import { MAX_NICK_LENGTH, normaliseNick } from './nickname.js';
import {
  accountIsLocked,
  bannedFromGuild,
  guildIsFull,
  invalidAccessToken,
  missingScope,
  tooManyGuilds,
} from './refusal.js';
import { demandRolesWithinReach, roleChange, withoutEveryone } from './role-change.js';
import { memberOnWire } from './wire.js';

type JoinForm = {
  readonly access_token: string;
  readonly nick: string | null;
  readonly roles: readonly string[] | null;
  readonly mute: boolean | null;
  readonly deaf: boolean | null;
};

/**
 * Adds an account that has consented. If it is already a member, nothing changes, not even roles
 * and nick.
 */
export function joinMember(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild } = standing;
  demand(call, standing, PermissionFlagsBits.CreateInstantInvite);
  const form = readForm<JoinForm>(call.body, {
    access_token: text({ max: 10_240 }),
    nick: nullable(text({ max: MAX_NICK_LENGTH })),
    roles: nullable(snowflakes({ max: 250 })),
    mute: nullable(flag),
    deaf: nullable(flag),
  });
  const user = whoAgreed(call, form.access_token);
  if (guild.members.has(user.discordUserId)) return { status: 204 };
  if (guild.bans.has(user.discordUserId)) throw bannedFromGuild();
  if (guild.members.size >= guild.maxMembers) throw guildIsFull();
  if (user.isVerificationLocked) throw accountIsLocked();
  if (countGuilds(call, user) >= user.maxGuilds) throw tooManyGuilds();
  demandExtras(call, standing, form);
  const arrived = newMember(guild, user.discordUserId, call.now);
  const roleIds = withoutEveryone(guild, form.roles ?? []);
  demandRolesWithinReach(call, standing, roleChange(arrived, roleIds));
  const member = afterGrants(guild, {
    ...arrived,
    roleIds,
    nick: normaliseNick(form.nick ?? null),
    mute: form.mute ?? false,
    deaf: form.deaf ?? false,
  });
  return {
    status: 201,
    body: memberOnWire(call.world, member),
    change: () => saveMember(guild, member),
  };
}

/**
 * The token must be valid, belong to this application and the account in the path, and allow
 * joining.
 */
function whoAgreed(call: ApiCall, accessToken: string | undefined): LiveUser {
  const grant = call.world.accessTokens.get(required('access_token', accessToken));
  const user = call.world.users.get(param(call, 'user_id'));
  const isFitting =
    grant !== undefined &&
    grant.applicationId === call.caller.application.applicationId &&
    grant.discordUserId === user?.discordUserId &&
    (grant.expiresAt ?? Infinity) > call.now;
  if (!isFitting || !user) throw invalidAccessToken();
  if (!grant.scopes.includes('guilds.join')) throw missingScope();
  return user;
}

function countGuilds({ world }: ApiCall, user: LiveUser): number {
  return [...world.guilds.values()].filter((guild) => guild.members.has(user.discordUserId)).length;
}

function demandExtras(call: ApiCall, standing: Standing, form: Partial<JoinForm>): void {
  if (form.nick) demand(call, standing, PermissionFlagsBits.ManageNicknames);
  if (form.roles && form.roles.length > 0) demandRoles(call, standing);
  if (form.mute) demand(call, standing, PermissionFlagsBits.MuteMembers);
  if (form.deaf) demand(call, standing, PermissionFlagsBits.DeafenMembers);
}
