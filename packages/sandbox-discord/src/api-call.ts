import type { IncomingHttpHeaders } from 'node:http';

import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { GatewayAccess } from './gateway/gateway-access.js';
import type { LiveApplication, LiveGuild, LiveUser, LiveWorld } from './live-world.js';
import { highestRole, needsTwoFactor, permissionsOf } from './permissions.js';
import {
  missingAccess,
  missingPermissions,
  notFound,
  twoFactorRequired,
  unauthorized,
  unknownGuild,
  unknownMember,
  unknownUser,
} from './refusal.js';
import type { SandboxQuirks } from './sandbox-interface.js';
import type { FullMember, FullRole, SandboxAuditChange } from './world.js';

export type ApiRequest = {
  readonly method: string;
  /** Path and query, starting at `/api` or `/oauth2`. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** One call to the API, as a route sees it. */
export type ApiCall = {
  readonly world: LiveWorld;
  readonly quirks: SandboxQuirks;
  readonly caller: Caller;
  /** The ids in the path, already checked to be well formed. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The audit reason, decoded. */
  readonly reason: string | undefined;
  /** The address and port by which the caller reached the sandbox. */
  readonly host: string;
  readonly gateway: GatewayAccess;
  readonly now: number;
  /** True (a planted fault): members are read as they were before their last change. */
  readonly readsStale: boolean;
};

/** A call that needs no token: the route itself checks the caller. */
export type OpenCall = Omit<ApiCall, 'caller' | 'body'> & {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as received. */
  readonly rawBody: string;
};

export type Caller =
  | { readonly kind: 'bot'; readonly application: LiveApplication }
  | {
      readonly kind: 'person';
      readonly user: LiveUser;
      readonly application: LiveApplication;
      readonly scopes: readonly string[];
      readonly expiresAt: number;
    };

/**
 * A route's decision. Nothing has changed yet: the caller of the route carries out `change` and
 * `audit`.
 */
export type Decision = {
  readonly status: number;
  readonly body?: unknown;
  /** An HTML page instead of a body. */
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly change?: () => void;
  readonly audit?: AuditDraft;
};

export type AuditDraft = {
  readonly guild: LiveGuild;
  readonly entries: readonly {
    readonly actionType: number;
    readonly targetId: string;
    readonly changes?: readonly SandboxAuditChange[];
  }[];
};

/**
 * The calling bot as a member of the guild that the path names, with its permissions and highest
 * role.
 */
export type Standing = {
  readonly guild: LiveGuild;
  readonly self: FullMember;
  readonly permissions: bigint;
  readonly highest: FullRole | undefined;
};

export function standingOf(call: ApiCall): Standing {
  if (call.caller.kind !== 'bot') throw unauthorized();
  const guild = call.world.guilds.get(param(call, 'guild_id'));
  const self = guild?.members.get(call.caller.application.botUserId);
  if (!guild || !self)
    throw call.quirks.unknownGuildCode === 50001 ? missingAccess() : unknownGuild();
  const permissions = permissionsOf(guild, self, call.now);
  return { guild, self, permissions, highest: highestRole(guild, self) };
}

/**
 * Refuses a bot that lacks the permission. If the guild requires two-factor authentication for it,
 * also refuses a bot whose owner does not use that.
 */
export function demand(call: ApiCall, standing: Standing, permission: bigint): void {
  if ((standing.permissions & permission) === 0n) throw missingPermissions();
  const isHalfTrusted = standing.guild.mfaLevel === 1 && !call.caller.application.ownerHasMfa;
  if (isHalfTrusted && needsTwoFactor(permission)) throw twoFactorRequired();
}

export const demandRoles = (call: ApiCall, standing: Standing) =>
  demand(call, standing, PermissionFlagsBits.ManageRoles);

/**
 * Returns the member that the path names. Throws 10007 if the account is not in the guild, and
 * 10013 if it does not exist.
 */
export function memberNamed(call: ApiCall, guild: LiveGuild): FullMember {
  const discordUserId = param(call, 'user_id');
  const member = memberAsRead(call, guild, discordUserId);
  if (member) return member;
  throw call.world.users.has(discordUserId) ? unknownMember() : unknownUser();
}

export function memberAsRead(
  call: ApiCall,
  guild: LiveGuild,
  discordUserId: string,
): FullMember | undefined {
  const earlier = call.readsStale ? guild.earlier.get(discordUserId) : undefined;
  return earlier ?? guild.members.get(discordUserId);
}

export function param(call: ApiCall, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw notFound();
  return value;
}
