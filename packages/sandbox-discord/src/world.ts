import type { APIRoleTags } from 'discord-api-types/v10';

/**
 * Everything the sandbox Discord knows, as plain JSON. It can be written by hand, kept in a file
 * and loaded again. A bot is in a guild if its user is a member. Ids are decimal strings of 17 to
 * 19 digits.
 */
export type SandboxWorld = {
  readonly applications: readonly SandboxApplication[];
  readonly users: readonly SandboxUser[];
  readonly guilds: readonly SandboxGuild[];
  readonly invites?: readonly SandboxInvite[];
  /** Authorizations people gave and have not revoked. */
  readonly authorizations?: readonly SandboxAuthorization[];
  /** Keyed by code: the authorization for which the code can be exchanged once. */
  readonly authorizationCodes?: Readonly<Record<string, SandboxAuthorizationCode>>;
  /** Keyed by access token: its owner and scopes. */
  readonly accessTokens?: Readonly<Record<string, SandboxAccessToken>>;
  /** Keyed by refresh token: the authorization for which it can be exchanged once. */
  readonly refreshTokens?: Readonly<Record<string, SandboxAuthorization>>;
};

export type SandboxApplication = {
  readonly applicationId: string;
  readonly name: string;
  readonly botUserId: string;
  readonly botToken: string;
  readonly clientSecret?: string;
  /** Addresses for redirects, compared character by character. */
  readonly redirectUris?: readonly string[];
  readonly description?: string;
  /** True: anyone may add the application's bot to a guild. Default false. */
  readonly isBotPublic?: boolean;
  /** Default false. */
  readonly botRequiresCodeGrant?: boolean;
  readonly installParams?: SandboxInstallParams | null;
  /** The privileged intent that listing members needs. Default true. */
  readonly guildMembersIntent?: boolean;
  /**
   * Whether the bot's owner uses two-factor authentication, which matters only in guilds with
   * `mfaLevel` 1. Default true.
   */
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
  /** Default: true if there is an email address. */
  readonly isEmailVerified?: boolean;
  /** How many guilds this account may join. Default 200. */
  readonly maxGuilds?: number;
  /**
   * True: Discord requires human verification, and until then the account can join no guild.
   * Default false.
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
  /** True: new members are pending until they complete screening. Default false. */
  readonly hasScreening?: boolean;
  /** True: a granted role ends screening, as in some of Discord's guilds. Default false. */
  readonly roleEndsScreening?: boolean;
  /**
   * Discord's names. With `ENHANCED_ROLE_COLORS` roles may have gradients; with `DISCOVERABLE` any
   * bot may read the preview. Default none.
   */
  readonly features?: readonly string[];
  /** They can be read, not changed. Default: one text channel `general` with the guild's id. */
  readonly channels?: readonly SandboxChannel[];
};

export type SandboxRole = {
  readonly roleId: string;
  readonly name: string;
  readonly position: number;
  /** A decimal string of permission bits. Default '0'. */
  readonly permissions?: string;
  /** The primary colour, 0 to 0xffffff. Default 0: none. */
  readonly color?: number;
  /** A gradient's second colour, null: none. */
  readonly secondaryColor?: number | null;
  /** Only the holographic style has a third. */
  readonly tertiaryColor?: number | null;
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
  /** Image hashes of the profile in this guild; null: none. */
  readonly avatar?: string | null;
  readonly banner?: string | null;
  readonly bio?: string | null;
};

export type SandboxChannel = {
  readonly channelId: string;
  readonly name: string;
  /** Discord's number: 0, the default, is text, 2 voice, 4 a category. */
  readonly type?: number;
  readonly position?: number;
  /** The category it is in. */
  readonly parentId?: string | null;
  readonly topic?: string | null;
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

/** The authorization of one application by one account, with its scopes. */
export type SandboxAuthorization = {
  readonly discordUserId: string;
  readonly applicationId: string;
  readonly scopes: readonly string[];
};

export type SandboxAuthorizationCode = SandboxAuthorization & {
  readonly redirectUri: string;
  readonly expiresAt: number;
  /** For the method S256; null: none was given. */
  readonly codeChallenge: string | null;
};

export type SandboxAccessToken = SandboxAuthorization & {
  /** Milliseconds since 1970; absent: the token does not expire. */
  readonly expiresAt?: number;
  /** The refresh token issued with this access token. Once it is used, this token expires. */
  readonly refreshToken?: string;
};

export type SandboxInvite = {
  readonly code: string;
  readonly guildId: string;
  readonly channelId?: string;
  readonly channelName?: string;
  readonly inviterId?: string | null;
  readonly createdAt?: string;
  /** Seconds from `createdAt`; 0, the default: never expires. */
  readonly maxAge?: number;
  /** 0, the default: any number. */
  readonly maxUses?: number;
  readonly uses?: number;
};

/** A guild with every default filled in. */
export type FullGuild = Required<Omit<SandboxGuild, 'roles' | 'members' | 'channels'>> & {
  readonly roles: readonly FullRole[];
  readonly members: readonly FullMember[];
  readonly channels: readonly FullChannel[];
};

export type FullRole = Required<Omit<SandboxRole, 'tags'>> & Pick<SandboxRole, 'tags'>;

export type FullMember = Required<SandboxMember>;

export type FullChannel = Required<SandboxChannel>;
