import type { APIRoleTags } from 'discord-api-types/v10';

/**
 * Everything the sandbox Discord knows, as plain JSON: write it by hand, keep it in a file, load it again.
 * A bot is in a guild when its user is a member there. Ids are decimal strings of 17 to 19 digits.
 */
export type SandboxWorld = {
  readonly applications: readonly SandboxApplication[];
  readonly users: readonly SandboxUser[];
  readonly guilds: readonly SandboxGuild[];
  /** What people agreed to: access token -> whose it is and what it allows. */
  readonly accessTokens?: Readonly<Record<string, SandboxAccessToken>>;
};

export type SandboxApplication = {
  readonly applicationId: string;
  readonly name: string;
  readonly botUserId: string;
  readonly botToken: string;
  readonly clientSecret?: string;
  readonly redirectUris?: readonly string[];
  /** The privileged intent that listing members needs. Default true. */
  readonly guildMembersIntent?: boolean;
  /** Matters in guilds with `mfaLevel` 1 only. Default true. */
  readonly ownerHasMfa?: boolean;
};

export type SandboxUser = {
  readonly discordUserId: string;
  readonly username: string;
  readonly globalName?: string | null;
  readonly email?: string | null;
  readonly isBot?: boolean;
  /** Such an account cannot join anything more. */
  readonly isAtGuildLimit?: boolean;
};

export type SandboxGuild = {
  readonly guildId: string;
  readonly name: string;
  readonly ownerId: string;
  /** @everyone (its id is the guild's) is added when missing. */
  readonly roles: readonly SandboxRole[];
  readonly members: readonly SandboxMember[];
  readonly bans?: readonly SandboxBan[];
  readonly auditLog?: readonly SandboxAuditEntry[];
  /** 1: moderating needs two-factor authentication. Default 0. */
  readonly mfaLevel?: 0 | 1;
  readonly maxMembers?: number;
  /** Whoever joins is pending until screening is done. Default false. */
  readonly hasScreening?: boolean;
};

export type SandboxRole = {
  readonly roleId: string;
  readonly name: string;
  readonly position: number;
  /** A decimal string of permission bits. Default '0'. */
  readonly permissions?: string;
  readonly color?: number;
  readonly hoist?: boolean;
  readonly mentionable?: boolean;
  readonly managed?: boolean;
  readonly tags?: APIRoleTags;
};

export type SandboxMember = {
  readonly discordUserId: string;
  /** Without @everyone, as Discord has it. */
  readonly roleIds: readonly string[];
  readonly nick?: string | null;
  readonly joinedAt?: string;
  readonly pending?: boolean;
  readonly flags?: number;
  readonly communicationDisabledUntil?: string | null;
  readonly mute?: boolean;
  readonly deaf?: boolean;
};

export type SandboxBan = {
  readonly discordUserId: string;
  readonly reason: string | null;
};

/** Newest first in a guild's log. `actionType` 20 kick, 22 ban, 24 member changed, 25 roles of a member changed. */
export type SandboxAuditEntry = {
  readonly entryId: string;
  readonly actionType: number;
  readonly actorId: string | null;
  readonly targetId: string | null;
  readonly reason?: string;
  readonly changes?: readonly SandboxAuditChange[];
};

export type SandboxAuditChange = {
  readonly key: string;
  readonly old_value?: unknown;
  readonly new_value?: unknown;
};

export type SandboxAccessToken = {
  readonly discordUserId: string;
  readonly applicationId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970; without it the token lasts. */
  readonly expiresAt?: number;
};

/** A guild as read back: every default filled in. */
export type FullGuild = Required<Omit<SandboxGuild, 'roles' | 'members'>> & {
  readonly roles: readonly FullRole[];
  readonly members: readonly FullMember[];
};

export type FullRole = Required<Omit<SandboxRole, 'tags'>> &
  Pick<SandboxRole, 'tags'>;

export type FullMember = Required<SandboxMember>;
