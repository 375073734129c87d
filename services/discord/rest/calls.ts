import { RequestMethod } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';

import { TerminalError } from '../../lib/errors.js';
import { type ClientId, type DiscordUserId, NO_NICKNAME } from '../../model.js';
import type {
  GuildRef,
  JoinRequest,
  MemberTarget,
  MemberWrite,
  RoleWrite,
} from '../../reconcile/ports.js';
import type { Answer } from './answer.js';

/** Size limit of a list. A page of 1,000 members who each hold 250 roles is about 6.5 MB. */
export const LIST_BYTES = 8 * 1024 * 1024;

/** Size limit of a single object. A member with 250 roles is about 6 KB. */
export const SINGLE_BYTES = 64 * 1024;

/** A call that was sent. `status` is null if no response came. */
export interface ObservedCall {
  readonly clientId: ClientId;
  /** The ids in the call's path, by name. */
  readonly ids: Readonly<Record<string, string>>;
  readonly method: string;
  readonly route: string;
  readonly status: number | null;
  readonly durationMs: number;
}

/** Discord asked to wait, by refusing a call or by reporting that no calls are left. */
export interface ObservedWait {
  readonly method: string;
  readonly route: string;
  readonly why: 'refused' | 'spent';
  readonly waitMs: number;
}

export const MEMBER = '/guilds/{guild_id}/members/{user_id}';

export const MEMBER_ROLE = `${MEMBER}/roles/{role_id}`;

export type Perform = (guild: GuildRef, call: Call) => Promise<Answer>;

/** One call of Discord's API, ready to be sent. */
export interface Call {
  readonly method: RequestMethod;
  /** The path's template: a label for metrics and, with method and guild, the bucket's name. */
  readonly route: string;
  readonly path: `/${string}`;
  /** The call in words with its ids, for errors. */
  readonly doing: string;
  readonly ids: Readonly<Record<string, string>>;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly reason?: string;
  /** A secret in the body; removed from all errors. */
  readonly secret?: string;
  /**
   * Default: true. A non-urgent call lets urgent ones go first and leaves them a bucket's last
   * call.
   */
  readonly isUrgent?: boolean;
  /** May use the calls that the bot's global budget reserves for joins. */
  readonly isJoin?: boolean;
  /** The call is about the bot itself. Only then does a 401 prove that the token was rejected. */
  readonly isOfBot?: boolean;
  /** Size limit of the response body. Default: SINGLE_BYTES. */
  readonly mostBytes?: number;
  /** Default: `isSuccess`. */
  readonly accepts?: (answer: Answer) => boolean;
}

export const memberReading = (target: MemberTarget): Call => {
  const ids = memberIds(target);
  return {
    method: RequestMethod.Get,
    route: MEMBER,
    path: Routes.guildMember(ids.guildId, ids.discordUserId),
    doing: `read member ${ids.discordUserId} in guild ${ids.guildId}`,
    ids,
    isUrgent: target.isUrgent,
    accepts: (answer) => isSuccess(answer) || isAbsent(answer),
  };
};

export const roleAddition = (write: RoleWrite): Call => ({
  ...memberRole(write),
  method: RequestMethod.Put,
  doing: `add role ${write.roleId} to ${memberName(write.member)}`,
});

export const roleRemoval = (write: RoleWrite): Call => ({
  ...memberRole(write),
  method: RequestMethod.Delete,
  doing: `remove role ${write.roleId} from ${memberName(write.member)}`,
});

export const memberEdit = ({ member, roleIds, nickname, reason }: MemberWrite): Call => {
  const ids = memberIds(member);
  const parts = [
    ...(roleIds === null ? [] : [`the ${roleIds.length} roles`]),
    ...(nickname === null ? [] : ['the nickname']),
  ];
  return {
    method: RequestMethod.Patch,
    route: MEMBER,
    path: Routes.guildMember(ids.guildId, ids.discordUserId),
    doing: `set ${parts.join(' and ')} of ${memberName(member)}`,
    ids,
    isUrgent: member.isUrgent,
    // Omitted fields stay unchanged and need no permission.
    body: {
      ...(roleIds !== null && { roles: roleIds }),
      ...(nickname !== null && { nick: nickname === NO_NICKNAME ? null : nickname }),
    },
    reason: auditReason(reason),
  };
};

/**
 * This call accepts no audit log reason:
 * https://docs.discord.com/developers/resources/guild#add-guild-member
 */
export const joining = (request: JoinRequest): Call => {
  const { member, accessToken, roleIds, nickname } = request;
  const ids = memberIds(member);
  return {
    method: RequestMethod.Put,
    route: MEMBER,
    path: Routes.guildMember(ids.guildId, ids.discordUserId),
    doing: `add ${memberName(member)} to the guild`,
    ids,
    // Roles and nickname are omitted if not set, because each one needs its own permission.
    body: {
      access_token: accessToken,
      ...(roleIds.length > 0 && { roles: roleIds }),
      ...(nickname !== null && { nick: nickname }),
    },
    secret: accessToken,
    isJoin: true,
  };
};

export const membersReading = (
  { guildId }: GuildRef,
  page: { readonly after: DiscordUserId | null; readonly limit: number },
): Call => {
  const { after, limit } = page;
  return {
    method: RequestMethod.Get,
    route: '/guilds/{guild_id}/members',
    path: Routes.guildMembers(checkedId('guildId', guildId)),
    doing: `list ${limit} members of guild ${guildId} after ${after ?? 'none'}`,
    ids: { guildId },
    mostBytes: LIST_BYTES,
    query: new URLSearchParams({
      limit: String(limit),
      ...(after !== null && { after: checkedId('after', after) }),
    }),
  };
};

export const countsReading = ({ guildId }: GuildRef): Call => ({
  method: RequestMethod.Get,
  route: '/guilds/{guild_id}/roles/member-counts',
  path: `/guilds/${checkedId('guildId', guildId)}/roles/member-counts`,
  doing: `count the members of each role of guild ${guildId}`,
  ids: { guildId },
  mostBytes: LIST_BYTES,
});

/** Also accepts Discord's response for an expired or unknown invite. */
export const inviteReading = (code: string): Call => ({
  method: RequestMethod.Get,
  route: '/invites/{code}',
  path: Routes.invite(checkedInvite(code)),
  doing: `read invite ${code}`,
  ids: {},
  accepts: (answer) => isSuccess(answer) || isUnknownInvite(answer),
});

export const guildReading = ({ guildId }: GuildRef): Call => ({
  method: RequestMethod.Get,
  route: '/guilds/{guild_id}',
  path: Routes.guild(checkedId('guildId', guildId)),
  doing: `read guild ${guildId}`,
  ids: { guildId },
  mostBytes: LIST_BYTES,
});

export const rolesReading = ({ guildId }: GuildRef): Call => ({
  method: RequestMethod.Get,
  route: '/guilds/{guild_id}/roles',
  path: Routes.guildRoles(checkedId('guildId', guildId)),
  doing: `read the roles of guild ${guildId}`,
  ids: { guildId },
  mostBytes: LIST_BYTES,
});

/** Reads the bot as a member, by its id: bots cannot use the `@me` route. */
export const botMemberReading = (target: MemberTarget): Call => ({
  ...memberReading(target),
  doing: `read the bot itself in guild ${target.guildId}`,
  accepts: isSuccess,
});

export const botUserReading: Call = {
  method: RequestMethod.Get,
  route: '/users/@me',
  path: Routes.user(),
  doing: "read the bot's own user",
  ids: {},
  isOfBot: true,
};

export const gatewayReading: Call = {
  method: RequestMethod.Get,
  route: '/gateway/bot',
  path: Routes.gatewayBot(),
  doing: "read the gateway's address",
  ids: {},
  isOfBot: true,
};

export const applicationReading: Call = {
  method: RequestMethod.Get,
  route: '/applications/@me',
  path: Routes.currentApplication(),
  doing: "read the bot's application",
  ids: {},
};

/**
 * A 200 with an HTML page is not a success: Discord responds with JSON or, with 204, without a
 * body.
 */
export function isSuccess({ status, form }: Answer): boolean {
  return status === 204 || (status >= 200 && status < 300 && form === 'json');
}

/**
 * Checks both status and code. If a member wrongly counts as absent, an ending link can be deleted,
 * and no later run would remove its roles.
 */
export function isAbsent({ status, code }: Answer): boolean {
  return status === 404 && (code === 10007 || code === 10013);
}

export function isUnknownInvite({ status, code }: Answer): boolean {
  return status === 404 && code === 10006;
}

function memberRole({ member, roleId, reason }: RoleWrite) {
  const ids = { ...memberIds(member), roleId: checkedId('roleId', roleId) };
  return {
    route: MEMBER_ROLE,
    path: Routes.guildMemberRole(ids.guildId, ids.discordUserId, roleId),
    ids,
    isUrgent: member.isUrgent,
    reason: auditReason(reason),
  };
}

function memberIds({ guildId, discordUserId }: MemberTarget) {
  return {
    guildId: checkedId('guildId', guildId),
    discordUserId: checkedId('discordUserId', discordUserId),
  };
}

function memberName({ guildId, discordUserId }: MemberTarget): string {
  return `member ${discordUserId} in guild ${guildId}`;
}

/** Ids become parts of a path: anything but digits could lead to another route. */
function checkedId(name: string, id: string): string {
  if (/^\d{1,20}$/.test(id)) return id;
  const shown = JSON.stringify(id);
  throw new TerminalError('REFUSED', `${name} ${shown} is not a Discord id`);
}

function checkedInvite(code: string): string {
  if (/^[\w-]{2,64}$/.test(code)) return code;
  throw new TerminalError('REFUSED', 'this is not an invite code');
}

/**
 * Discord accepts 512 characters: https://docs.discord.com/developers/resources/audit-log
 * The cut may split a surrogate pair, and half a pair cannot be encoded.
 */
function auditReason(reason: string): string {
  return reason.slice(0, 512).toWellFormed();
}
