/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> =
  T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Which side decides who holds a role: the platform's groups or Discord. */
export type Authority =
  /** Discord: the platform is asked to follow. Roles are only added when both sides are first compared, so that no one loses a group; none is ever removed. */
  | 'DISCORD'
  /** Neither: differences are shown, nothing is written to Discord. */
  | 'OBSERVE'
  /** The platform: roles at Discord follow the groups. */
  | 'PLATFORM';

/** A sign-in by which a person links their Discord account. */
export type BeginDiscordLinkInput = {
  /** The client's id. */
  readonly clientId: string;
  /** The user's e-mail address on the platform. If the Discord account has a different one, the result has a warning. */
  readonly email?: string | null | undefined;
  /** The platform's id of the user who signs in. */
  readonly platformUserId: string;
  /** Where the person is sent after sign-in: a URL on an origin listed in RETURN_URL_ALLOWLIST. Its query parameter `discordLink` has the result. Linked: `LINKED`, `SCREENING`, `WAITING`, `BANNED`, `GUILD_FULL`, `USER_GUILD_LIMIT`, `JOIN_FAILED`. Not linked: `CLAIMED`, `CANCELLED`, `EXPIRED`, `EMAIL_MISSING`, `BOT_ACCOUNT`, `SCOPE_MISSING`, `CLIENT_GONE`, `DISCORD_FAILED`, `SETUP_FAULT`, `INTERNAL`. `discordLinkWarning=EMAIL_DIFFERS` means that the e-mail addresses differ. People can forge these parameters: query `discordUserByPlatformId` for the truth. Omitted: the person ends on a page of the connector. */
  readonly returnTo?: string | null | undefined;
};

/** The result of a check of a client. */
export type CheckVerdict =
  /** Does not work. */
  | 'FAILED'
  /** No problem. */
  | 'OK'
  /** Works, but needs attention. */
  | 'WARNING';

/** A new mapping: members of the group get the role. */
export type CreateRoleMappingInput = {
  /** Which side decides who holds the role. Default: the client's authority. */
  readonly authority?: Authority | null | undefined;
  /** The client's id. */
  readonly clientId: string;
  /** True: only compute the effect. Default false. */
  readonly dryRun?: boolean | null | undefined;
  /** The group's id, issued by the platform. */
  readonly groupId: string;
  /** The role's Discord id. */
  readonly roleId: string;
};

/** The platform user to delete. Its links end, and facts about it are ignored until an admin restores it. */
export type DeletePlatformUserInput = {
  /** The platform user's id, issued by the platform. */
  readonly platformUserId: string;
};

/** Whether a person should have a role. */
export type DesiredRole =
  /** No mapping grants it; it is removed if held. */
  | 'NO'
  /** Not known, so the role stays as it is. */
  | 'UNKNOWN'
  /** An active mapping grants it. */
  | 'YES';

/** Filters for links. Filters are combined with AND. */
export type DiscordUserFilter = {
  /** Only links of these Discord accounts. */
  readonly discordUserIds?: ReadonlyArray<string> | null | undefined;
  /** Only links whose platform user is in this group. */
  readonly groupId?: string | null | undefined;
  /** Only links of these platform users. */
  readonly platformUserIds?: ReadonlyArray<string> | null | undefined;
  /** Only links whose member was last observed with this role. */
  readonly roleId?: string | null | undefined;
  /** Only links in one of these states. */
  readonly states?: ReadonlyArray<LinkState> | null | undefined;
};

/** Who disagrees about a role. */
export type DisputeKind =
  /** Discord has authority, and the platform has reported the opposite of what it was asked for; see `requests`. */
  | 'REQUEST'
  /** Another bot or person has undone the same change of the connector three times within ten minutes. The connector tries again after 10 minutes, then less often, but at least hourly; a newer fact about the group and `reconcileDiscordUser` try at once. */
  | 'REVERSALS';

/** The result for one fact. */
export type FactVerdict =
  /** The fact was recorded. */
  | 'APPLIED'
  /** The item is invalid or contradicts another item; see `error`. */
  | 'INVALID'
  /** Part of it was outranked, see `outrankedBy`; the rest was recorded. */
  | 'PARTIAL'
  /** Another fact outranks it; nothing changed. See `outrankedBy`. */
  | 'STALE'
  /** The same fact was already recorded. */
  | 'UNCHANGED';

/** What happens to the holders of a role when its mapping is retired or its client deleted. */
export type Holders =
  /** Holders keep the role. If another mapping names it, holders to whom no other group grants it are listed in a held sweep and keep the role unless that is approved. */
  | 'LEAVE'
  /** The role is removed from every linked holder to whom no other mapping grants it. */
  | 'TAKE_BACK';

/** Existing links to import. */
export type ImportDiscordUsersInput = {
  /** The client's id. */
  readonly clientId: string;
  /** True: only compute the results. Default false. */
  readonly dryRun?: boolean | null | undefined;
  /** Up to 5,000 users, each user and each account listed once. */
  readonly users: ReadonlyArray<ImportedDiscordUserInput>;
};

/** The result for one user of an import. */
export type ImportStatus =
  /** The user or the account is linked elsewhere, or is listed twice; nothing changed. */
  | 'CONFLICT'
  /** Cannot be linked; see `message`. */
  | 'INVALID'
  /** The link was created or, in a dry run, would be created. */
  | 'LINKED'
  /** The same link already exists. */
  | 'UNCHANGED';

/** A platform user and their Discord account. */
export type ImportedDiscordUserInput = {
  /** The Discord account's id. */
  readonly discordUserId: string;
  /** The platform user's id, issued by the platform. An unknown id creates a user without a name. */
  readonly platformUserId: string;
};

/** Why an item of a list was rejected. */
export type ItemErrorCode =
  /** The item is invalid. */
  | 'BAD_USER_INPUT'
  /** A recorded fact outranks the item. */
  | 'CONFLICT'
  /** Something else must be done first. */
  | 'FAILED_PRECONDITION'
  /** The item names something that does not exist. */
  | 'NOT_FOUND';

/** A link to create: a platform user and a Discord account are the same person, for one client. */
export type LinkDiscordUserInput = {
  /** The client's id. */
  readonly clientId: string;
  /** The Discord account's id. */
  readonly discordUserId: string;
  /** The platform user's id, issued by the platform. An unknown id creates a user without a name. */
  readonly platformUserId: string;
};

/** The state of a linked member. */
export type LinkState =
  /** The Discord account is not in the guild. */
  | 'ABSENT'
  /** Another bot or person keeps undoing a change of the connector, or the platform contradicts a request; see `dispute` and `reason`. */
  | 'DISPUTED'
  /** The link is ending: it is deleted after its roles have been removed. */
  | 'ENDING'
  /** The removal guard holds removals, or a role that a person removed by hand stays removed (`handRemovals`: HOLD); see `reason`. */
  | 'HELD'
  /** Desired and actual roles are the same. */
  | 'IN_STEP'
  /** Retrying is useless until something changes; see `reason`. */
  | 'PARKED'
  /** Waits for its reconcile; or for the member to accept the server's rules: see `screening` and `reason`; or, under authority DISCORD, for the platform to follow: see `requests`. */
  | 'PENDING';

/** How changes made on Discord reach the connector. */
export type LiveState =
  /** Events arrive, but some were missed. The next complete member list finds what they would have shown. */
  | 'CATCHING_UP'
  /** A session is being opened. Until then, sweeps find the changes. */
  | 'CONNECTING'
  /** Events arrive within a second, and none is missing. */
  | 'LIVE'
  /** No session at Discord's gateway is opened, because `live` is false or nothing is sent to Discord for the client; see `reason`. */
  | 'OFF'
  /** Events cannot arrive; see `reason`. Sweeps find the changes. */
  | 'POLLING';

/** A membership that was added or removed. */
export type MembershipChangeInput = {
  /** Whether the user was added to the group or removed from it. */
  readonly change: MembershipChangeKind;
  /** The group's id, issued by the platform. */
  readonly groupId: string;
  /** The platform user's id, issued by the platform. */
  readonly platformUserId: string;
  /** The fact's position in the order of facts about this user and group. A fact with a sequence outranks any without. When omitted, the fact is ordered by the time the database receives it. */
  readonly sequence?: number | string | null | undefined;
};

/** How a membership changed. */
export type MembershipChangeKind =
  /** The platform user is now in the group. */
  | 'ADDED'
  /** The platform user is no longer in the group. */
  | 'REMOVED';

/** The complete set of a user's groups. */
export type MembershipSetInput = {
  /** Ids of every group the user is in. The user is known not to be in any other group. A repeated id counts once. */
  readonly groupIds: ReadonlyArray<string>;
  /** The platform user's id, issued by the platform. */
  readonly platformUserId: string;
  /** The fact's position in the order of facts about this user and group. A fact with a sequence outranks any without. When omitted, the fact is ordered by the time the database receives it. */
  readonly sequence?: number | string | null | undefined;
};

/** The current state of a group. */
export type PlatformGroupInput = {
  /** The group's id, an opaque string issued by the platform. */
  readonly id: string;
  /** The group's name. */
  readonly name: string;
};

/** Attributes of a platform user, used in nicknames. */
export type PlatformUserAttributesInput = {
  /** Ticker of the alliance. Omitted: unchanged. Null or empty: the user has none. */
  readonly alliance?: string | null | undefined;
  /** Name of the primary character. Omitted: unchanged. Null or empty: the user has none. */
  readonly character?: string | null | undefined;
  /** Ticker of the corporation. Omitted: unchanged. Null or empty: the user has none. */
  readonly corporation?: string | null | undefined;
};

/** The current state of a platform user. */
export type PlatformUserInput = {
  /** Attributes used in nicknames. Omitted: unchanged. */
  readonly attributes?: PlatformUserAttributesInput | null | undefined;
  /** The user's id, an opaque string issued by the platform. */
  readonly id: string;
  /** The user name. */
  readonly username: string;
};

/** The link whose member is reconciled now. */
export type ReconcileDiscordUserInput = {
  /** The link's id. */
  readonly id: string;
};

/** Membership changes. */
export type RecordMembershipChangesInput = {
  /** Up to 5,000 changes. Two changes of the same user and group both need a sequence; without one, both are rejected. */
  readonly changes: ReadonlyArray<MembershipChangeInput>;
};

/** Complete sets of groups by user. */
export type ReplaceMembershipsInput = {
  /** Up to 5,000 users with up to 5,000 groups each. A user listed twice is rejected. */
  readonly users: ReadonlyArray<MembershipSetInput>;
};

/** The deleted platform user to restore. */
export type RestorePlatformUserInput = {
  /** The platform user's id, issued by the platform. */
  readonly platformUserId: string;
};

/** The mapping to retire. */
export type RetireRoleMappingInput = {
  /** True: only compute the effect. Default false. */
  readonly dryRun?: boolean | null | undefined;
  /** What happens to the holders of the role. */
  readonly holders: Holders;
  /** The mapping's id. */
  readonly id: string;
};

/** Why the bot cannot add or remove a role. */
export type RoleRefusal =
  /** The role is not below the bot's highest role. */
  | 'ABOVE_BOT'
  /** Every member has this role. */
  | 'EVERYONE'
  /** Only Discord or an integration can add and remove the role. */
  | 'MANAGED'
  /** The bot lacks the permission Manage Roles. */
  | 'MISSING_PERMISSION'
  /** The guild no longer has this role. */
  | 'UNKNOWN_ROLE';

/** The link to end. It is deleted after its roles have been removed. */
export type UnlinkDiscordUserInput = {
  /** The link's id. */
  readonly id: string;
};

/** A change of a mapping's authority. Its group and role never change. */
export type UpdateRoleMappingInput = {
  /** Which side decides who holds the role. */
  readonly authority: Authority;
  /** The mapping's id. */
  readonly id: string;
};

/** Groups to create or update. */
export type UpsertPlatformGroupsInput = {
  /** Up to 5,000 groups, each listed once. */
  readonly groups: ReadonlyArray<PlatformGroupInput>;
};

/** Users to create or update. */
export type UpsertPlatformUsersInput = {
  /** Up to 5,000 users, each listed once. */
  readonly users: ReadonlyArray<PlatformUserInput>;
};

export type DiscordUserFieldsFragment = {
  readonly id: string;
  readonly discordUserId: string;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly nickname: string | null;
  readonly state: LinkState;
  readonly reason: string | null;
  readonly screening: boolean;
  readonly banned: boolean;
  readonly timedOutUntil: string | null;
  readonly linkedAt: string;
  readonly lastReconciledAt: string | null;
  readonly client: { readonly id: string };
  readonly platformUser: { readonly id: string };
  readonly dispute: {
    readonly kind: DisputeKind;
    readonly by: string | null;
    readonly since: string;
    readonly role: { readonly id: string; readonly name: string | null };
  } | null;
  readonly roles: ReadonlyArray<{
    readonly id: string;
    readonly name: string | null;
    readonly isMapped: boolean;
  }>;
};

export type DiscordClientFieldsFragment = {
  readonly id: string;
  readonly name: string;
  readonly guildId: string;
  readonly enabled: boolean;
  readonly authority: Authority;
  readonly liveState: {
    readonly state: LiveState;
    readonly reason: string | null;
    readonly since: string | null;
    readonly lastEventAt: string | null;
    readonly gapSince: string | null;
    readonly missed: number;
  };
  readonly health: {
    readonly checks: ReadonlyArray<{
      readonly name: string;
      readonly result: CheckVerdict;
      readonly message: string;
      readonly remedy: string | null;
    }>;
  };
};

export type RoleMappingFieldsFragment = {
  readonly id: string;
  readonly groupId: string;
  readonly roleId: string;
  readonly authority: Authority;
  readonly createdAt: string;
  readonly retiredAt: string | null;
  readonly client: { readonly id: string };
};

export type PlatformUserFieldsFragment = {
  readonly id: string;
  readonly username: string | null;
  readonly hasSnapshot: boolean;
  readonly deletedAt: string | null;
  readonly attributes: {
    readonly character: string | null;
    readonly corporation: string | null;
    readonly alliance: string | null;
  };
  readonly groups: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
};

export type PageFieldsFragment = {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
};

export type FactResultFieldsFragment = {
  readonly index: number;
  readonly ok: boolean;
  readonly verdict: FactVerdict;
  readonly error: {
    readonly code: ItemErrorCode;
    readonly message: string;
    readonly field: string | null;
  } | null;
};

export type DiscordClientsQueryVariables = Exact<{ [key: string]: never }>;

export type DiscordClientsQuery = {
  readonly discordClients: ReadonlyArray<{
    readonly id: string;
    readonly name: string;
    readonly guildId: string;
    readonly enabled: boolean;
    readonly authority: Authority;
    readonly liveState: {
      readonly state: LiveState;
      readonly reason: string | null;
      readonly since: string | null;
      readonly lastEventAt: string | null;
      readonly gapSince: string | null;
      readonly missed: number;
    };
    readonly health: {
      readonly checks: ReadonlyArray<{
        readonly name: string;
        readonly result: CheckVerdict;
        readonly message: string;
        readonly remedy: string | null;
      }>;
    };
  }>;
};

export type DiscordClientQueryVariables = Exact<{
  id: string;
}>;

export type DiscordClientQuery = {
  readonly discordClient: {
    readonly id: string;
    readonly name: string;
    readonly guildId: string;
    readonly enabled: boolean;
    readonly authority: Authority;
    readonly roles: ReadonlyArray<{
      readonly id: string;
      readonly name: string | null;
      readonly isMapped: boolean;
      readonly refusal: RoleRefusal | null;
    }>;
    readonly liveState: {
      readonly state: LiveState;
      readonly reason: string | null;
      readonly since: string | null;
      readonly lastEventAt: string | null;
      readonly gapSince: string | null;
      readonly missed: number;
    };
    readonly health: {
      readonly checks: ReadonlyArray<{
        readonly name: string;
        readonly result: CheckVerdict;
        readonly message: string;
        readonly remedy: string | null;
      }>;
    };
  } | null;
};

export type RoleMappingsQueryVariables = Exact<{
  clientId: string;
}>;

export type RoleMappingsQuery = {
  readonly roleMappings: ReadonlyArray<{
    readonly id: string;
    readonly groupId: string;
    readonly roleId: string;
    readonly authority: Authority;
    readonly createdAt: string;
    readonly retiredAt: string | null;
    readonly client: { readonly id: string };
  }>;
};

export type DiscordUserQueryVariables = Exact<{
  id: string;
}>;

export type DiscordUserQuery = {
  readonly discordUser: {
    readonly id: string;
    readonly discordUserId: string;
    readonly username: string | null;
    readonly displayName: string | null;
    readonly nickname: string | null;
    readonly state: LinkState;
    readonly reason: string | null;
    readonly screening: boolean;
    readonly banned: boolean;
    readonly timedOutUntil: string | null;
    readonly linkedAt: string;
    readonly lastReconciledAt: string | null;
    readonly client: { readonly id: string };
    readonly platformUser: { readonly id: string };
    readonly dispute: {
      readonly kind: DisputeKind;
      readonly by: string | null;
      readonly since: string;
      readonly role: { readonly id: string; readonly name: string | null };
    } | null;
    readonly roles: ReadonlyArray<{
      readonly id: string;
      readonly name: string | null;
      readonly isMapped: boolean;
    }>;
  } | null;
};

export type DiscordUserByPlatformIdQueryVariables = Exact<{
  clientId: string;
  platformUserId: string;
}>;

export type DiscordUserByPlatformIdQuery = {
  readonly discordUserByPlatformId: {
    readonly id: string;
    readonly discordUserId: string;
    readonly username: string | null;
    readonly displayName: string | null;
    readonly nickname: string | null;
    readonly state: LinkState;
    readonly reason: string | null;
    readonly screening: boolean;
    readonly banned: boolean;
    readonly timedOutUntil: string | null;
    readonly linkedAt: string;
    readonly lastReconciledAt: string | null;
    readonly client: { readonly id: string };
    readonly platformUser: { readonly id: string };
    readonly dispute: {
      readonly kind: DisputeKind;
      readonly by: string | null;
      readonly since: string;
      readonly role: { readonly id: string; readonly name: string | null };
    } | null;
    readonly roles: ReadonlyArray<{
      readonly id: string;
      readonly name: string | null;
      readonly isMapped: boolean;
    }>;
  } | null;
};

export type DiscordUsersQueryVariables = Exact<{
  clientId: string;
  filter?: DiscordUserFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type DiscordUsersQuery = {
  readonly discordUsers: {
    readonly nodes: ReadonlyArray<{
      readonly id: string;
      readonly discordUserId: string;
      readonly username: string | null;
      readonly displayName: string | null;
      readonly nickname: string | null;
      readonly state: LinkState;
      readonly reason: string | null;
      readonly screening: boolean;
      readonly banned: boolean;
      readonly timedOutUntil: string | null;
      readonly linkedAt: string;
      readonly lastReconciledAt: string | null;
      readonly client: { readonly id: string };
      readonly platformUser: { readonly id: string };
      readonly dispute: {
        readonly kind: DisputeKind;
        readonly by: string | null;
        readonly since: string;
        readonly role: { readonly id: string; readonly name: string | null };
      } | null;
      readonly roles: ReadonlyArray<{
        readonly id: string;
        readonly name: string | null;
        readonly isMapped: boolean;
      }>;
    }>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

export type PlatformUserQueryVariables = Exact<{
  id: string;
}>;

export type PlatformUserQuery = {
  readonly platformUser: {
    readonly id: string;
    readonly username: string | null;
    readonly hasSnapshot: boolean;
    readonly deletedAt: string | null;
    readonly discordUsers: ReadonlyArray<{
      readonly id: string;
      readonly discordUserId: string;
      readonly username: string | null;
      readonly displayName: string | null;
      readonly nickname: string | null;
      readonly state: LinkState;
      readonly reason: string | null;
      readonly screening: boolean;
      readonly banned: boolean;
      readonly timedOutUntil: string | null;
      readonly linkedAt: string;
      readonly lastReconciledAt: string | null;
      readonly client: { readonly id: string };
      readonly platformUser: { readonly id: string };
      readonly dispute: {
        readonly kind: DisputeKind;
        readonly by: string | null;
        readonly since: string;
        readonly role: { readonly id: string; readonly name: string | null };
      } | null;
      readonly roles: ReadonlyArray<{
        readonly id: string;
        readonly name: string | null;
        readonly isMapped: boolean;
      }>;
    }>;
    readonly attributes: {
      readonly character: string | null;
      readonly corporation: string | null;
      readonly alliance: string | null;
    };
    readonly groups: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
  } | null;
};

export type PlatformGroupsQueryVariables = Exact<{
  search?: string | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type PlatformGroupsQuery = {
  readonly platformGroups: {
    readonly nodes: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

export type MemberPlanQueryVariables = Exact<{
  id: string;
}>;

export type MemberPlanQuery = {
  readonly memberPlan: {
    readonly summary: string;
    readonly observedAt: string | null;
    readonly add: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    readonly remove: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    readonly held: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    readonly unknown: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    readonly blocked: ReadonlyArray<{
      readonly refusal: string;
      readonly role: { readonly id: string; readonly name: string | null };
    }>;
  } | null;
};

export type ExplainRoleQueryVariables = Exact<{
  id: string;
  roleId: string;
}>;

export type ExplainRoleQuery = {
  readonly explainRole: {
    readonly roleId: string;
    readonly roleName: string | null;
    readonly isHeld: boolean | null;
    readonly isMapped: boolean;
    readonly desired: DesiredRole;
    readonly sentence: string;
    readonly unblockedBy: ReadonlyArray<string>;
  };
};

export type CreateRoleMappingMutationVariables = Exact<{
  input: CreateRoleMappingInput;
}>;

export type CreateRoleMappingMutation = {
  readonly createRoleMapping: {
    readonly warnings: ReadonlyArray<string>;
    readonly mapping: {
      readonly id: string;
      readonly groupId: string;
      readonly roleId: string;
      readonly authority: Authority;
      readonly createdAt: string;
      readonly retiredAt: string | null;
      readonly client: { readonly id: string };
    } | null;
    readonly effect: { readonly additions: number; readonly removals: number };
  };
};

export type UpdateRoleMappingMutationVariables = Exact<{
  input: UpdateRoleMappingInput;
}>;

export type UpdateRoleMappingMutation = {
  readonly updateRoleMapping: {
    readonly warnings: ReadonlyArray<string>;
    readonly mapping: {
      readonly id: string;
      readonly groupId: string;
      readonly roleId: string;
      readonly authority: Authority;
      readonly createdAt: string;
      readonly retiredAt: string | null;
      readonly client: { readonly id: string };
    };
  };
};

export type RetireRoleMappingMutationVariables = Exact<{
  input: RetireRoleMappingInput;
}>;

export type RetireRoleMappingMutation = {
  readonly retireRoleMapping: {
    readonly warnings: ReadonlyArray<string>;
    readonly mapping: {
      readonly id: string;
      readonly groupId: string;
      readonly roleId: string;
      readonly authority: Authority;
      readonly createdAt: string;
      readonly retiredAt: string | null;
      readonly client: { readonly id: string };
    };
    readonly effect: { readonly additions: number; readonly removals: number };
  };
};

export type BeginDiscordLinkMutationVariables = Exact<{
  input: BeginDiscordLinkInput;
}>;

export type BeginDiscordLinkMutation = {
  readonly beginDiscordLink: {
    readonly url: string;
    readonly expiresAt: string;
    readonly warnings: ReadonlyArray<string>;
  };
};

export type LinkDiscordUserMutationVariables = Exact<{
  input: LinkDiscordUserInput;
}>;

export type LinkDiscordUserMutation = {
  readonly linkDiscordUser: {
    readonly warnings: ReadonlyArray<string>;
    readonly discordUser: {
      readonly id: string;
      readonly discordUserId: string;
      readonly username: string | null;
      readonly displayName: string | null;
      readonly nickname: string | null;
      readonly state: LinkState;
      readonly reason: string | null;
      readonly screening: boolean;
      readonly banned: boolean;
      readonly timedOutUntil: string | null;
      readonly linkedAt: string;
      readonly lastReconciledAt: string | null;
      readonly client: { readonly id: string };
      readonly platformUser: { readonly id: string };
      readonly dispute: {
        readonly kind: DisputeKind;
        readonly by: string | null;
        readonly since: string;
        readonly role: { readonly id: string; readonly name: string | null };
      } | null;
      readonly roles: ReadonlyArray<{
        readonly id: string;
        readonly name: string | null;
        readonly isMapped: boolean;
      }>;
    };
  };
};

export type ImportDiscordUsersMutationVariables = Exact<{
  input: ImportDiscordUsersInput;
}>;

export type ImportDiscordUsersMutation = {
  readonly importDiscordUsers: {
    readonly pendingMembers: number;
    readonly warnings: ReadonlyArray<string>;
    readonly counts: {
      readonly linked: number;
      readonly unchanged: number;
      readonly conflicts: number;
      readonly invalid: number;
    };
    readonly results: ReadonlyArray<{
      readonly index: number;
      readonly status: ImportStatus;
      readonly message: string | null;
    }>;
  };
};

export type UnlinkDiscordUserMutationVariables = Exact<{
  input: UnlinkDiscordUserInput;
}>;

export type UnlinkDiscordUserMutation = {
  readonly unlinkDiscordUser: {
    readonly id: string;
    readonly warnings: ReadonlyArray<string>;
    readonly discordUser: {
      readonly id: string;
      readonly discordUserId: string;
      readonly username: string | null;
      readonly displayName: string | null;
      readonly nickname: string | null;
      readonly state: LinkState;
      readonly reason: string | null;
      readonly screening: boolean;
      readonly banned: boolean;
      readonly timedOutUntil: string | null;
      readonly linkedAt: string;
      readonly lastReconciledAt: string | null;
      readonly client: { readonly id: string };
      readonly platformUser: { readonly id: string };
      readonly dispute: {
        readonly kind: DisputeKind;
        readonly by: string | null;
        readonly since: string;
        readonly role: { readonly id: string; readonly name: string | null };
      } | null;
      readonly roles: ReadonlyArray<{
        readonly id: string;
        readonly name: string | null;
        readonly isMapped: boolean;
      }>;
    } | null;
  };
};

export type ReconcileDiscordUserMutationVariables = Exact<{
  input: ReconcileDiscordUserInput;
}>;

export type ReconcileDiscordUserMutation = {
  readonly reconcileDiscordUser: {
    readonly state: LinkState | null;
    readonly warnings: ReadonlyArray<string>;
    readonly discordUser: {
      readonly id: string;
      readonly discordUserId: string;
      readonly username: string | null;
      readonly displayName: string | null;
      readonly nickname: string | null;
      readonly state: LinkState;
      readonly reason: string | null;
      readonly screening: boolean;
      readonly banned: boolean;
      readonly timedOutUntil: string | null;
      readonly linkedAt: string;
      readonly lastReconciledAt: string | null;
      readonly client: { readonly id: string };
      readonly platformUser: { readonly id: string };
      readonly dispute: {
        readonly kind: DisputeKind;
        readonly by: string | null;
        readonly since: string;
        readonly role: { readonly id: string; readonly name: string | null };
      } | null;
      readonly roles: ReadonlyArray<{
        readonly id: string;
        readonly name: string | null;
        readonly isMapped: boolean;
      }>;
    } | null;
  };
};

export type RecordMembershipChangesMutationVariables = Exact<{
  input: RecordMembershipChangesInput;
}>;

export type RecordMembershipChangesMutation = {
  readonly recordMembershipChanges: {
    readonly pendingMembers: number;
    readonly warnings: ReadonlyArray<string>;
    readonly results: ReadonlyArray<{
      readonly index: number;
      readonly ok: boolean;
      readonly verdict: FactVerdict;
      readonly error: {
        readonly code: ItemErrorCode;
        readonly message: string;
        readonly field: string | null;
      } | null;
    }>;
    readonly counts: {
      readonly applied: number;
      readonly unchanged: number;
      readonly stale: number;
      readonly invalid: number;
    };
  };
};

export type ReplaceMembershipsMutationVariables = Exact<{
  input: ReplaceMembershipsInput;
}>;

export type ReplaceMembershipsMutation = {
  readonly replaceMemberships: {
    readonly pendingMembers: number;
    readonly warnings: ReadonlyArray<string>;
    readonly results: ReadonlyArray<{
      readonly index: number;
      readonly ok: boolean;
      readonly verdict: FactVerdict;
      readonly error: {
        readonly code: ItemErrorCode;
        readonly message: string;
        readonly field: string | null;
      } | null;
    }>;
    readonly counts: {
      readonly applied: number;
      readonly unchanged: number;
      readonly stale: number;
      readonly invalid: number;
    };
  };
};

export type UpsertPlatformUsersMutationVariables = Exact<{
  input: UpsertPlatformUsersInput;
}>;

export type UpsertPlatformUsersMutation = {
  readonly upsertPlatformUsers: {
    readonly pendingMembers: number;
    readonly warnings: ReadonlyArray<string>;
    readonly results: ReadonlyArray<{
      readonly index: number;
      readonly ok: boolean;
      readonly verdict: FactVerdict;
      readonly error: {
        readonly code: ItemErrorCode;
        readonly message: string;
        readonly field: string | null;
      } | null;
    }>;
    readonly counts: {
      readonly applied: number;
      readonly unchanged: number;
      readonly stale: number;
      readonly invalid: number;
    };
  };
};

export type UpsertPlatformGroupsMutationVariables = Exact<{
  input: UpsertPlatformGroupsInput;
}>;

export type UpsertPlatformGroupsMutation = {
  readonly upsertPlatformGroups: {
    readonly warnings: ReadonlyArray<string>;
    readonly results: ReadonlyArray<{
      readonly index: number;
      readonly ok: boolean;
      readonly verdict: FactVerdict;
      readonly error: {
        readonly code: ItemErrorCode;
        readonly message: string;
        readonly field: string | null;
      } | null;
    }>;
    readonly counts: {
      readonly applied: number;
      readonly unchanged: number;
      readonly stale: number;
      readonly invalid: number;
    };
  };
};

export type RestorePlatformUserMutationVariables = Exact<{
  input: RestorePlatformUserInput;
}>;

export type RestorePlatformUserMutation = {
  readonly restorePlatformUser: {
    readonly warnings: ReadonlyArray<string>;
    readonly platformUser: {
      readonly id: string;
      readonly username: string | null;
      readonly hasSnapshot: boolean;
      readonly deletedAt: string | null;
      readonly attributes: {
        readonly character: string | null;
        readonly corporation: string | null;
        readonly alliance: string | null;
      };
      readonly groups: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    } | null;
  };
};

export type DeletePlatformUserMutationVariables = Exact<{
  input: DeletePlatformUserInput;
}>;

export type DeletePlatformUserMutation = {
  readonly deletePlatformUser: {
    readonly warnings: ReadonlyArray<string>;
    readonly platformUser: {
      readonly id: string;
      readonly username: string | null;
      readonly hasSnapshot: boolean;
      readonly deletedAt: string | null;
      readonly attributes: {
        readonly character: string | null;
        readonly corporation: string | null;
        readonly alliance: string | null;
      };
      readonly groups: ReadonlyArray<{ readonly id: string; readonly name: string | null }>;
    } | null;
  };
};

/** The arguments and the result of each operation. */
export interface Operations {
  readonly discordClients: {
    readonly takes: DiscordClientsQueryVariables;
    readonly answers: DiscordClientsQuery['discordClients'];
  };
  readonly discordClient: {
    readonly takes: DiscordClientQueryVariables;
    readonly answers: DiscordClientQuery['discordClient'];
  };
  readonly roleMappings: {
    readonly takes: RoleMappingsQueryVariables;
    readonly answers: RoleMappingsQuery['roleMappings'];
  };
  readonly discordUser: {
    readonly takes: DiscordUserQueryVariables;
    readonly answers: DiscordUserQuery['discordUser'];
  };
  readonly discordUserByPlatformId: {
    readonly takes: DiscordUserByPlatformIdQueryVariables;
    readonly answers: DiscordUserByPlatformIdQuery['discordUserByPlatformId'];
  };
  readonly discordUsers: {
    readonly takes: DiscordUsersQueryVariables;
    readonly answers: DiscordUsersQuery['discordUsers'];
  };
  readonly platformUser: {
    readonly takes: PlatformUserQueryVariables;
    readonly answers: PlatformUserQuery['platformUser'];
  };
  readonly platformGroups: {
    readonly takes: PlatformGroupsQueryVariables;
    readonly answers: PlatformGroupsQuery['platformGroups'];
  };
  readonly memberPlan: {
    readonly takes: MemberPlanQueryVariables;
    readonly answers: MemberPlanQuery['memberPlan'];
  };
  readonly explainRole: {
    readonly takes: ExplainRoleQueryVariables;
    readonly answers: ExplainRoleQuery['explainRole'];
  };
  readonly createRoleMapping: {
    readonly takes: CreateRoleMappingMutationVariables['input'];
    readonly answers: CreateRoleMappingMutation['createRoleMapping'];
  };
  readonly updateRoleMapping: {
    readonly takes: UpdateRoleMappingMutationVariables['input'];
    readonly answers: UpdateRoleMappingMutation['updateRoleMapping'];
  };
  readonly retireRoleMapping: {
    readonly takes: RetireRoleMappingMutationVariables['input'];
    readonly answers: RetireRoleMappingMutation['retireRoleMapping'];
  };
  readonly beginDiscordLink: {
    readonly takes: BeginDiscordLinkMutationVariables['input'];
    readonly answers: BeginDiscordLinkMutation['beginDiscordLink'];
  };
  readonly linkDiscordUser: {
    readonly takes: LinkDiscordUserMutationVariables['input'];
    readonly answers: LinkDiscordUserMutation['linkDiscordUser'];
  };
  readonly importDiscordUsers: {
    readonly takes: ImportDiscordUsersMutationVariables['input'];
    readonly answers: ImportDiscordUsersMutation['importDiscordUsers'];
  };
  readonly unlinkDiscordUser: {
    readonly takes: UnlinkDiscordUserMutationVariables['input'];
    readonly answers: UnlinkDiscordUserMutation['unlinkDiscordUser'];
  };
  readonly reconcileDiscordUser: {
    readonly takes: ReconcileDiscordUserMutationVariables['input'];
    readonly answers: ReconcileDiscordUserMutation['reconcileDiscordUser'];
  };
  readonly recordMembershipChanges: {
    readonly takes: RecordMembershipChangesMutationVariables['input'];
    readonly answers: RecordMembershipChangesMutation['recordMembershipChanges'];
  };
  readonly replaceMemberships: {
    readonly takes: ReplaceMembershipsMutationVariables['input'];
    readonly answers: ReplaceMembershipsMutation['replaceMemberships'];
  };
  readonly upsertPlatformUsers: {
    readonly takes: UpsertPlatformUsersMutationVariables['input'];
    readonly answers: UpsertPlatformUsersMutation['upsertPlatformUsers'];
  };
  readonly upsertPlatformGroups: {
    readonly takes: UpsertPlatformGroupsMutationVariables['input'];
    readonly answers: UpsertPlatformGroupsMutation['upsertPlatformGroups'];
  };
  readonly restorePlatformUser: {
    readonly takes: RestorePlatformUserMutationVariables['input'];
    readonly answers: RestorePlatformUserMutation['restorePlatformUser'];
  };
  readonly deletePlatformUser: {
    readonly takes: DeletePlatformUserMutationVariables['input'];
    readonly answers: DeletePlatformUserMutation['deletePlatformUser'];
  };
}

export const operations = {
  discordClients: {
    kind: 'query',
    field: 'discordClients',
    takesInput: false,
    text: `query discordClients {
  discordClients {
    ...DiscordClientFields
  }
}
fragment DiscordClientFields on DiscordClient {
  id
  name
  guildId
  enabled
  authority
  liveState {
    state
    reason
    since
    lastEventAt
    gapSince
    missed
  }
  health {
    checks {
      name
      result
      message
      remedy
    }
  }
}`,
  },
  discordClient: {
    kind: 'query',
    field: 'discordClient',
    takesInput: false,
    text: `query discordClient($id: ID!) {
  discordClient(id: $id) {
    ...DiscordClientFields
    roles {
      id
      name
      isMapped
      refusal
    }
  }
}
fragment DiscordClientFields on DiscordClient {
  id
  name
  guildId
  enabled
  authority
  liveState {
    state
    reason
    since
    lastEventAt
    gapSince
    missed
  }
  health {
    checks {
      name
      result
      message
      remedy
    }
  }
}`,
  },
  roleMappings: {
    kind: 'query',
    field: 'roleMappings',
    takesInput: false,
    text: `query roleMappings($clientId: ID!) {
  roleMappings(clientId: $clientId) {
    ...RoleMappingFields
  }
}
fragment RoleMappingFields on RoleMapping {
  id
  client {
    id
  }
  groupId
  roleId
  authority
  createdAt
  retiredAt
}`,
  },
  discordUser: {
    kind: 'query',
    field: 'discordUser',
    takesInput: false,
    text: `query discordUser($id: ID!) {
  discordUser(id: $id) {
    ...DiscordUserFields
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  discordUserByPlatformId: {
    kind: 'query',
    field: 'discordUserByPlatformId',
    takesInput: false,
    text: `query discordUserByPlatformId($clientId: ID!, $platformUserId: ID!) {
  discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) {
    ...DiscordUserFields
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  discordUsers: {
    kind: 'query',
    field: 'discordUsers',
    takesInput: false,
    text: `query discordUsers($clientId: ID!, $filter: DiscordUserFilter, $first: Int, $after: String) {
  discordUsers(clientId: $clientId, filter: $filter, first: $first, after: $after) {
    nodes {
      ...DiscordUserFields
    }
    pageInfo {
      ...PageFields
    }
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}
fragment PageFields on PageInfo {
  hasNextPage
  endCursor
}`,
  },
  platformUser: {
    kind: 'query',
    field: 'platformUser',
    takesInput: false,
    text: `query platformUser($id: ID!) {
  platformUser(id: $id) {
    ...PlatformUserFields
    discordUsers {
      ...DiscordUserFields
    }
  }
}
fragment PlatformUserFields on PlatformUser {
  id
  username
  attributes {
    character
    corporation
    alliance
  }
  hasSnapshot
  deletedAt
  groups {
    id
    name
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  platformGroups: {
    kind: 'query',
    field: 'platformGroups',
    takesInput: false,
    text: `query platformGroups($search: String, $first: Int, $after: String) {
  platformGroups(search: $search, first: $first, after: $after) {
    nodes {
      id
      name
    }
    pageInfo {
      ...PageFields
    }
  }
}
fragment PageFields on PageInfo {
  hasNextPage
  endCursor
}`,
  },
  memberPlan: {
    kind: 'query',
    field: 'memberPlan',
    takesInput: false,
    text: `query memberPlan($id: ID!) {
  memberPlan(id: $id) {
    summary
    observedAt
    add {
      id
      name
    }
    remove {
      id
      name
    }
    held {
      id
      name
    }
    unknown {
      id
      name
    }
    blocked {
      refusal
      role {
        id
        name
      }
    }
  }
}`,
  },
  explainRole: {
    kind: 'query',
    field: 'explainRole',
    takesInput: false,
    text: `query explainRole($id: ID!, $roleId: Snowflake!) {
  explainRole(id: $id, roleId: $roleId) {
    roleId
    roleName
    isHeld
    isMapped
    desired
    sentence
    unblockedBy
  }
}`,
  },
  createRoleMapping: {
    kind: 'mutation',
    field: 'createRoleMapping',
    takesInput: true,
    text: `mutation createRoleMapping($input: CreateRoleMappingInput!) {
  createRoleMapping(input: $input) {
    mapping {
      ...RoleMappingFields
    }
    effect {
      additions
      removals
    }
    warnings
  }
}
fragment RoleMappingFields on RoleMapping {
  id
  client {
    id
  }
  groupId
  roleId
  authority
  createdAt
  retiredAt
}`,
  },
  updateRoleMapping: {
    kind: 'mutation',
    field: 'updateRoleMapping',
    takesInput: true,
    text: `mutation updateRoleMapping($input: UpdateRoleMappingInput!) {
  updateRoleMapping(input: $input) {
    mapping {
      ...RoleMappingFields
    }
    warnings
  }
}
fragment RoleMappingFields on RoleMapping {
  id
  client {
    id
  }
  groupId
  roleId
  authority
  createdAt
  retiredAt
}`,
  },
  retireRoleMapping: {
    kind: 'mutation',
    field: 'retireRoleMapping',
    takesInput: true,
    text: `mutation retireRoleMapping($input: RetireRoleMappingInput!) {
  retireRoleMapping(input: $input) {
    mapping {
      ...RoleMappingFields
    }
    effect {
      additions
      removals
    }
    warnings
  }
}
fragment RoleMappingFields on RoleMapping {
  id
  client {
    id
  }
  groupId
  roleId
  authority
  createdAt
  retiredAt
}`,
  },
  beginDiscordLink: {
    kind: 'mutation',
    field: 'beginDiscordLink',
    takesInput: true,
    text: `mutation beginDiscordLink($input: BeginDiscordLinkInput!) {
  beginDiscordLink(input: $input) {
    url
    expiresAt
    warnings
  }
}`,
  },
  linkDiscordUser: {
    kind: 'mutation',
    field: 'linkDiscordUser',
    takesInput: true,
    text: `mutation linkDiscordUser($input: LinkDiscordUserInput!) {
  linkDiscordUser(input: $input) {
    discordUser {
      ...DiscordUserFields
    }
    warnings
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  importDiscordUsers: {
    kind: 'mutation',
    field: 'importDiscordUsers',
    takesInput: true,
    text: `mutation importDiscordUsers($input: ImportDiscordUsersInput!) {
  importDiscordUsers(input: $input) {
    counts {
      linked
      unchanged
      conflicts
      invalid
    }
    results {
      index
      status
      message
    }
    pendingMembers
    warnings
  }
}`,
  },
  unlinkDiscordUser: {
    kind: 'mutation',
    field: 'unlinkDiscordUser',
    takesInput: true,
    text: `mutation unlinkDiscordUser($input: UnlinkDiscordUserInput!) {
  unlinkDiscordUser(input: $input) {
    id
    discordUser {
      ...DiscordUserFields
    }
    warnings
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  reconcileDiscordUser: {
    kind: 'mutation',
    field: 'reconcileDiscordUser',
    takesInput: true,
    text: `mutation reconcileDiscordUser($input: ReconcileDiscordUserInput!) {
  reconcileDiscordUser(input: $input) {
    state
    discordUser {
      ...DiscordUserFields
    }
    warnings
  }
}
fragment DiscordUserFields on DiscordUser {
  id
  client {
    id
  }
  platformUser {
    id
  }
  discordUserId
  username
  displayName
  nickname
  state
  reason
  dispute {
    kind
    role {
      id
      name
    }
    by
    since
  }
  screening
  banned
  timedOutUntil
  linkedAt
  lastReconciledAt
  roles {
    id
    name
    isMapped
  }
}`,
  },
  recordMembershipChanges: {
    kind: 'mutation',
    field: 'recordMembershipChanges',
    takesInput: true,
    text: `mutation recordMembershipChanges($input: RecordMembershipChangesInput!) {
  recordMembershipChanges(input: $input) {
    results {
      ...FactResultFields
    }
    counts {
      applied
      unchanged
      stale
      invalid
    }
    pendingMembers
    warnings
  }
}
fragment FactResultFields on FactResult {
  index
  ok
  verdict
  error {
    code
    message
    field
  }
}`,
  },
  replaceMemberships: {
    kind: 'mutation',
    field: 'replaceMemberships',
    takesInput: true,
    text: `mutation replaceMemberships($input: ReplaceMembershipsInput!) {
  replaceMemberships(input: $input) {
    results {
      ...FactResultFields
    }
    counts {
      applied
      unchanged
      stale
      invalid
    }
    pendingMembers
    warnings
  }
}
fragment FactResultFields on FactResult {
  index
  ok
  verdict
  error {
    code
    message
    field
  }
}`,
  },
  upsertPlatformUsers: {
    kind: 'mutation',
    field: 'upsertPlatformUsers',
    takesInput: true,
    text: `mutation upsertPlatformUsers($input: UpsertPlatformUsersInput!) {
  upsertPlatformUsers(input: $input) {
    results {
      ...FactResultFields
    }
    counts {
      applied
      unchanged
      stale
      invalid
    }
    pendingMembers
    warnings
  }
}
fragment FactResultFields on FactResult {
  index
  ok
  verdict
  error {
    code
    message
    field
  }
}`,
  },
  upsertPlatformGroups: {
    kind: 'mutation',
    field: 'upsertPlatformGroups',
    takesInput: true,
    text: `mutation upsertPlatformGroups($input: UpsertPlatformGroupsInput!) {
  upsertPlatformGroups(input: $input) {
    results {
      ...FactResultFields
    }
    counts {
      applied
      unchanged
      stale
      invalid
    }
    warnings
  }
}
fragment FactResultFields on FactResult {
  index
  ok
  verdict
  error {
    code
    message
    field
  }
}`,
  },
  restorePlatformUser: {
    kind: 'mutation',
    field: 'restorePlatformUser',
    takesInput: true,
    text: `mutation restorePlatformUser($input: RestorePlatformUserInput!) {
  restorePlatformUser(input: $input) {
    platformUser {
      ...PlatformUserFields
    }
    warnings
  }
}
fragment PlatformUserFields on PlatformUser {
  id
  username
  attributes {
    character
    corporation
    alliance
  }
  hasSnapshot
  deletedAt
  groups {
    id
    name
  }
}`,
  },
  deletePlatformUser: {
    kind: 'mutation',
    field: 'deletePlatformUser',
    takesInput: true,
    text: `mutation deletePlatformUser($input: DeletePlatformUserInput!) {
  deletePlatformUser(input: $input) {
    platformUser {
      ...PlatformUserFields
    }
    warnings
  }
}
fragment PlatformUserFields on PlatformUser {
  id
  username
  attributes {
    character
    corporation
    alliance
  }
  hasSnapshot
  deletedAt
  groups {
    id
    name
  }
}`,
  },
} as const;
