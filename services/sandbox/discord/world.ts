import type { APIRoleTags } from 'discord-api-types/v10';

/**
 * Everything the sandbox Discord knows, as plain JSON: write it by hand, keep it in a file, load it
 * again. A bot is in a guild when its user is a member there. Ids are decimal strings of 17 to 19
 * digits.
 */
export type SandboxWorld = {
  readonly applications: readonly SandboxApplication[];
  readonly users: readonly SandboxUser[];
  readonly guilds: readonly SandboxGuild[];
  readonly invites?: readonly SandboxInvite[];
  /** What people agreed to, and have not taken back. */
  readonly authorizations?: readonly SandboxAuthorization[];
  /** Code -> what it may be exchanged for, once. */
  readonly authorizationCodes?: Readonly<Record<string, SandboxAuthorizationCode>>;
  /** Access token -> whose it is and what it allows. */
  readonly accessTokens?: Readonly<Record<string, SandboxAccessToken>>;
  /** Refresh token -> what it may be exchanged for, once. */
  readonly refreshTokens?: Readonly<Record<string, SandboxAuthorization>>;
};

export type SandboxApplication = {
  readonly applicationId: string;
  readonly name: string;
  readonly botUserId: string;
  readonly botToken: string;
  readonly clientSecret?: string;
  /** Addresses that people may be sent back to, letter by letter. */
  readonly redirectUris?: readonly string[];
  readonly description?: string;
  /** Anybody may add its bot to a guild. Default false. */
  readonly isBotPublic?: boolean;
  /** Default false. */
  readonly botRequiresCodeGrant?: boolean;
  readonly installParams?: SandboxInstallParams | null;
  /** The privileged intent that listing members needs. Default true. */
  readonly guildMembersIntent?: boolean;
  /** Matters in guilds with `mfaLevel` 1 only. Default true. */
  readonly ownerHasMfa?: boolean;
};

export type SandboxInstallParams = {
  readonly scopes: readonly string[];
  readonly permissions: string;
};

export type SandboxUser = {
  readonly discordUserId: string;
  readonly username: string;
  readonly globalName?: string | null;
  readonly email?: string | null;
  readonly isBot?: boolean;
  /** Default: true where there is an address. */
  readonly isEmailVerified?: boolean;
  /** How many guilds this account may be in. Default 200. */
  readonly maxGuilds?: number;
  /**
   * Discord asks for a proof that a person is behind it; until then it joins nothing. Default
   * false.
   */
  readonly isVerificationLocked?: boolean;
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
  /** A granted role ends screening, as in some of Discord's guilds. Default false. */
  readonly roleEndsScreening?: boolean;
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

/**
 * Newest first in a guild's log. `actionType` 20 kick, 22 ban, 24 member changed, 25 roles of a
 * member changed.
 */
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

/** One account, one application, and what it may do in the account's name. */
export type SandboxAuthorization = {
  readonly discordUserId: string;
  readonly applicationId: string;
  readonly scopes: readonly string[];
};

export type SandboxAuthorizationCode = SandboxAuthorization & {
  readonly redirectUri: string;
  readonly expiresAt: number;
  /** Of the method S256; null: none was given. */
  readonly codeChallenge: string | null;
};

export type SandboxAccessToken = SandboxAuthorization & {
  /** Milliseconds since 1970; without it the token lasts. */
  readonly expiresAt?: number;
  /** The one given along with it: when that is used, this one dies. */
  readonly refreshToken?: string;
};

export type SandboxInvite = {
  readonly code: string;
  readonly guildId: string;
  readonly channelId?: string;
  readonly channelName?: string;
  readonly inviterId?: string | null;
  readonly createdAt?: string;
  /** In seconds from `createdAt`; 0, the default: for ever. */
  readonly maxAge?: number;
  /** 0, the default: any number. */
  readonly maxUses?: number;
  readonly uses?: number;
};

/** A guild as read back: every default filled in. */
export type FullGuild = Required<Omit<SandboxGuild, 'roles' | 'members'>> & {
  readonly roles: readonly FullRole[];
  readonly members: readonly FullMember[];
};

export type FullRole = Required<Omit<SandboxRole, 'tags'>> & Pick<SandboxRole, 'tags'>;

export type FullMember = Required<SandboxMember>;
