/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> =
  T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Filters for audit records. Filters are combined with AND. */
export type AuditRecordFilter = {
  /** Only records of this client. */
  clientId?: string | null | undefined;
  /** Only records of this Discord account. */
  discordUserId?: string | null | undefined;
  /** Only records opened at or after this time. */
  openedAfter?: string | null | undefined;
  /** Only records opened before this time. */
  openedBefore?: string | null | undefined;
  /** Only records with one of these outcomes. */
  outcomes?: Array<Outcome> | null | undefined;
  /** Only records of this platform user. */
  platformUserId?: string | null | undefined;
  /** Only records whose plan contains this role. */
  roleId?: string | null | undefined;
};

/** Which side decides who holds a role: the platform's groups or Discord. */
export type Authority =
  /** Discord: the platform is asked to follow. Roles are only added when both sides are first compared, so that no one loses a group; none is ever removed. */
  | 'DISCORD'
  /** Neither: differences are shown, nothing is written to Discord. */
  | 'OBSERVE'
  /** The platform: roles at Discord follow the groups. */
  | 'PLATFORM';

/** What caused a reconcile. */
export type CauseKind =
  /** A change made on Discord by somebody else. */
  | 'DISCORD'
  /** An event from the platform. */
  | 'EVENT'
  /** A mutation of this API. */
  | 'MUTATION'
  /** Unfinished work found after a restart. */
  | 'REPAIR'
  /** A scheduled or started sweep. */
  | 'SWEEP';

/** The result of a check of a client. */
export type CheckVerdict =
  /** Does not work. */
  | 'FAILED'
  /** No problem. */
  | 'OK'
  /** Works, but needs attention. */
  | 'WARNING';

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
  discordUserIds?: Array<string> | null | undefined;
  /** Only links whose platform user is in this group. */
  groupId?: string | null | undefined;
  /** Only links of these platform users. */
  platformUserIds?: Array<string> | null | undefined;
  /** Only links whose member was last observed with this role. */
  roleId?: string | null | undefined;
  /** Only links in one of these states. */
  states?: Array<LinkState> | null | undefined;
};

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
  discordUserId: string;
  /** The platform user's id, issued by the platform. An unknown id creates a user without a name. */
  platformUserId: string;
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
  change: MembershipChangeKind;
  /** The group's id, issued by the platform. */
  groupId: string;
  /** The platform user's id, issued by the platform. */
  platformUserId: string;
  /** The fact's position in the order of facts about this user and group. A fact with a sequence outranks any without. When omitted, the fact is ordered by the time the database receives it. */
  sequence?: number | string | null | undefined;
};

/** How a membership changed. */
export type MembershipChangeKind =
  /** The platform user is now in the group. */
  | 'ADDED'
  /** The platform user is no longer in the group. */
  | 'REMOVED';

/** What the platform has reported about a person and a group. */
export type MembershipKnowledge =
  /** The person is in the group. */
  | 'HELD'
  /** The person is not in the group. */
  | 'NOT_HELD'
  /** Nothing reported. This does not mean "no". */
  | 'UNKNOWN';

/** The outcome of one reconcile. */
export type Outcome =
  /** The Discord account is not in the guild. */
  | 'ABSENT'
  /** The plan was carried out. */
  | 'APPLIED'
  /** Another bot or person keeps undoing a change; see `reason`. */
  | 'DISPUTED'
  /** The removal guard held removals. */
  | 'HELD'
  /** Discord refused permanently; see `reason`. */
  | 'PARKED'
  /** There was nothing to do, or Discord showed all of it before it was written. */
  | 'UNCHANGED';

/** What prevents a person from having a role, or a role from being removed. */
export type RoleBlock =
  /** Discord has authority: the platform is asked to follow. */
  | 'AUTHORITY_DISCORD'
  /** The mapping is in OBSERVE: nothing is written to Discord. */
  | 'AUTHORITY_OBSERVE'
  /** The guild has banned the account. */
  | 'BANNED'
  /** Another bot or person keeps undoing the change; it is tried again later, at least hourly. */
  | 'CHANGE_DISPUTED'
  /** The client is disabled. */
  | 'CLIENT_DISABLED'
  /** The guild responds as if the bot had been removed. */
  | 'CLIENT_PAUSED'
  /** Discord rejected the client's bot token. */
  | 'CLIENT_STOPPED'
  /** The removal guard holds the removal. */
  | 'HELD_BY_GUARD'
  /** A mapping that would grant it is retired. */
  | 'MAPPING_RETIRED'
  /** The bot lacks the permission Manage Roles. */
  | 'MISSING_PERMISSION'
  /** The account is not in the guild. */
  | 'NOT_IN_GUILD'
  /** The link to the Discord account is ending. */
  | 'NOT_LINKED'
  /** Retrying is useless until something changes; see `reason` of the `DiscordUser`. */
  | 'PARKED'
  /** The change is waiting for its turn. */
  | 'PENDING'
  /** A person rejected the removal: the role stays. */
  | 'REMOVAL_REJECTED'
  /** A person removed the role on Discord, and the client's `handRemovals` is HOLD: it stays removed. */
  | 'REMOVED_BY_HAND'
  /** Discord has authority; the platform was asked to follow and reports the opposite. */
  | 'REQUEST_DISPUTED'
  /** The role is not below the bot's highest role. */
  | 'ROLE_ABOVE_BOT'
  /** The guild no longer has this role. */
  | 'ROLE_GONE'
  /** Only Discord or an integration can add and remove the role. */
  | 'ROLE_MANAGED'
  /** Discord has authority; the platform was asked to follow and has not confirmed yet. */
  | 'ROLE_REQUESTED'
  /** The member has not accepted the server's rules yet (Discord's membership screening), and the client's `screening` is WAIT. */
  | 'SCREENING'
  /** A moderator has timed the member out; no role is granted until that ends. */
  | 'TIMED_OUT'
  /** The platform has not reported whether the person is in a mapped group. */
  | 'UNKNOWN_MEMBERSHIP';

/** What the connector did with a role. */
export type RoleChangeKind =
  /** The connector added it. */
  | 'ADDED'
  /** The connector removed it. */
  | 'REMOVED';

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

/** What a sweep checks. */
export type SweepKind =
  /** Removals the guard held outside a sweep, in a burst or a stream of events. Created by the connector; cannot be started. */
  | 'CHANGES'
  /** Nicknames that differ from the policy. */
  | 'ENFORCE_NICKNAMES'
  /** Members as Discord shows them now, compared with their groups. */
  | 'REMOTE_SYNC'
  /** Accounts as they are at Discord now: names, and members who left or returned. */
  | 'SYNC_ACCOUNTS'
  /** Members whose last observed roles differ from their groups. */
  | 'VERIFY_GROUPS';

/** The state of a sweep. */
export type SweepState =
  /** A person approved the plan, which is being carried out. */
  | 'APPROVED'
  /** Cancelled by a person. */
  | 'CANCELLED'
  /** All members were checked and changed where possible. */
  | 'DONE'
  /** Ended early; see `reason`. */
  | 'FAILED'
  /** Too many removals to carry out without approval: decide with `approveSweep` or `rejectSweep`. */
  | 'HELD'
  /** A person rejected the plan; the roles stay. */
  | 'REJECTED'
  /** Checking members, or waiting for their reconciles. */
  | 'RUNNING'
  /** Not started yet. */
  | 'WAITING';

export type LookAroundQueryVariables = Exact<{ [key: string]: never }>;

export type LookAroundQuery = {
  discordClients: Array<{
    id: string;
    name: string;
    guildId: string;
    enabled: boolean;
    botInviteUrl: string;
    liveState: { state: LiveState; reason: string | null };
    health: {
      checks: Array<{ name: string; result: CheckVerdict; message: string; remedy: string | null }>;
    };
    roles: Array<{
      id: string;
      name: string | null;
      isMapped: boolean;
      refusal: RoleRefusal | null;
    }>;
    mappings: Array<{
      id: string;
      retiredAt: string | null;
      group: { id: string; name: string | null };
      role: { id: string; name: string | null };
    }>;
  }>;
  platformGroups: { totalCount: number; nodes: Array<{ id: string; name: string | null }> };
};

export type FindAPersonQueryVariables = Exact<{
  clientId: string;
  filter?: DiscordUserFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type FindAPersonQuery = {
  discordUsers: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    nodes: Array<{
      id: string;
      discordUserId: string;
      displayName: string | null;
      state: LinkState;
      reason: string | null;
      platformUser: {
        id: string;
        username: string | null;
        groups: Array<{ id: string; name: string | null }>;
      };
    }>;
  };
};

export type PutSomebodyInAGroupMutationVariables = Exact<{
  changes?: Array<MembershipChangeInput> | MembershipChangeInput;
}>;

export type PutSomebodyInAGroupMutation = {
  recordMembershipChanges: {
    results: Array<{
      index: number;
      ok: boolean;
      verdict: FactVerdict;
      error: { code: ItemErrorCode; message: string } | null;
    }>;
    platformUsers: Array<{ id: string; groups: Array<{ id: string; name: string | null }> }>;
  };
};

export type SeeTheRoleQueryVariables = Exact<{
  clientId: string;
  platformUserId?: string;
}>;

export type SeeTheRoleQuery = {
  discordUserByPlatformId: {
    id: string;
    discordUserId: string;
    username: string | null;
    displayName: string | null;
    nickname: string | null;
    state: LinkState;
    reason: string | null;
    screening: boolean;
    timedOutUntil: string | null;
    lastReconciledAt: string | null;
    roles: Array<{ id: string; name: string | null; isMapped: boolean }>;
  } | null;
};

export type WhyQueryVariables = Exact<{
  filter?: AuditRecordFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type WhyQuery = {
  auditRecords: {
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    nodes: Array<{
      id: string;
      openedAt: string;
      closedAt: string | null;
      outcome: Outcome | null;
      reason: string | null;
      platformUserId: string | null;
      causes: Array<{ kind: CauseKind; id: string; actor: string; groupId: string | null }>;
      added: Array<{ id: string; name: string | null }>;
      removed: Array<{ id: string; name: string | null }>;
    }>;
  };
};

export type WhyThisRoleQueryVariables = Exact<{
  linkId: string;
  roleId: string;
}>;

export type WhyThisRoleQuery = {
  explainRole: {
    sentence: string;
    blockedBy: Array<RoleBlock>;
    unblockedBy: Array<string>;
    roleName: string | null;
    isMapped: boolean;
    desired: DesiredRole;
    isHeld: boolean | null;
    seenAt: string | null;
    mappings: Array<{
      authority: Authority;
      isRetired: boolean;
      membership: MembershipKnowledge;
      mapping: { id: string } | null;
      group: { id: string; name: string | null } | null;
    }>;
    lastChange: {
      auditRecordId: string;
      change: RoleChangeKind;
      at: string;
      cause: { kind: CauseKind; id: string; actor: string; groupId: string | null } | null;
    } | null;
  };
};

export type WatchRecordsSubscriptionVariables = Exact<{
  clientId?: string | null | undefined;
  platformUserId?: string | null | undefined;
  outcomes?: Array<Outcome> | Outcome | null | undefined;
}>;

export type WatchRecordsSubscription = {
  auditRecordAdded: {
    id: string;
    closedAt: string | null;
    outcome: Outcome | null;
    reason: string | null;
    discordUserId: string;
    platformUserId: string | null;
    causes: Array<{ kind: CauseKind; id: string; actor: string; groupId: string | null }>;
    added: Array<{ id: string; name: string | null }>;
    removed: Array<{ id: string; name: string | null }>;
  };
};

export type TakeAwayMutationVariables = Exact<{
  changes?: Array<MembershipChangeInput> | MembershipChangeInput;
}>;

export type TakeAwayMutation = {
  recordMembershipChanges: {
    results: Array<{
      index: number;
      ok: boolean;
      verdict: FactVerdict;
      error: { code: ItemErrorCode; message: string } | null;
    }>;
  };
};

export type MemberPlanQueryVariables = Exact<{
  linkId: string;
}>;

export type MemberPlanQuery = {
  memberPlan: {
    summary: string;
    nickname: string | null;
    nicknameBlocked: string | null;
    observedAt: string | null;
    add: Array<{ id: string; name: string | null }>;
    remove: Array<{ id: string; name: string | null }>;
    held: Array<{ id: string; name: string | null }>;
    unknown: Array<{ id: string; name: string | null }>;
    blocked: Array<{ refusal: string; role: { id: string; name: string | null } }>;
  } | null;
};

export type ReconcileMutationVariables = Exact<{
  linkId: string;
}>;

export type ReconcileMutation = {
  reconcileDiscordUser: {
    state: LinkState | null;
    warnings: Array<string>;
    discordUser: {
      id: string;
      state: LinkState;
      reason: string | null;
      lastReconciledAt: string | null;
      roles: Array<{ id: string; name: string | null; isMapped: boolean }>;
    } | null;
  };
};

export type MapARoleMutationVariables = Exact<{
  clientId: string;
  groupId?: string;
  roleId: string;
  dryRun?: boolean | null | undefined;
}>;

export type MapARoleMutation = {
  createRoleMapping: {
    warnings: Array<string>;
    mapping: {
      id: string;
      authority: Authority;
      group: { id: string; name: string | null };
      role: { id: string; name: string | null };
    } | null;
    effect: {
      additions: number;
      removals: number;
      calls: number;
      seconds: number;
      members: Array<{
        platformUserId: string | null;
        discordUserId: string;
        reason: string;
        add: Array<{ name: string | null }>;
        remove: Array<{ name: string | null }>;
      }>;
    };
  };
};

export type LinkAPersonMutationVariables = Exact<{
  clientId: string;
  platformUserId?: string;
  discordUserId: string;
}>;

export type LinkAPersonMutation = {
  linkDiscordUser: {
    warnings: Array<string>;
    discordUser: {
      id: string;
      state: LinkState;
      platformUser: { id: string; username: string | null };
    };
  };
};

export type LetAPersonSignInMutationVariables = Exact<{
  clientId: string;
  platformUserId?: string;
  email?: string | null | undefined;
  returnTo?: string | null | undefined;
}>;

export type LetAPersonSignInMutation = {
  beginDiscordLink: { url: string; expiresAt: string; warnings: Array<string> };
};

export type ImportLinksMutationVariables = Exact<{
  clientId: string;
  users?: Array<ImportedDiscordUserInput> | ImportedDiscordUserInput;
  dryRun?: boolean | null | undefined;
}>;

export type ImportLinksMutation = {
  importDiscordUsers: {
    warnings: Array<string>;
    counts: { linked: number; unchanged: number; conflicts: number; invalid: number };
    results: Array<{
      index: number;
      status: ImportStatus;
      message: string | null;
      discordUser: { id: string; state: LinkState } | null;
    }>;
  };
};

export type SchedulesQueryVariables = Exact<{
  clientId: string;
}>;

export type SchedulesQuery = {
  schedules: Array<{
    kind: SweepKind;
    cron: string;
    timeZone: string;
    enabled: boolean;
    lastRunAt: string | null;
    nextRunAt: string | null;
  }>;
};

export type SweepNowMutationVariables = Exact<{
  clientId: string;
  kind?: SweepKind;
  dryRun?: boolean | null | undefined;
}>;

export type SweepNowMutation = {
  startSweep: {
    warnings: Array<string>;
    sweep: { id: string; kind: SweepKind; state: SweepState; dryRun: boolean; startedAt: string };
  };
};

export type WatchSweepsSubscriptionVariables = Exact<{
  clientId?: string | null | undefined;
  id?: string | null | undefined;
}>;

export type WatchSweepsSubscription = {
  sweepProgressed: {
    id: string;
    kind: SweepKind;
    state: SweepState;
    dryRun: boolean;
    reason: string | null;
    checked: number;
    drifted: number;
    changed: number;
    failed: number;
    plan: {
      hash: string;
      removals: number;
      additions: number;
      calls: number;
      seconds: number;
    } | null;
  };
};

export type SweepsQueryVariables = Exact<{
  clientId: string;
  kind?: SweepKind | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type SweepsQuery = {
  sweeps: {
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    nodes: Array<{
      id: string;
      kind: SweepKind;
      state: SweepState;
      dryRun: boolean;
      reason: string | null;
      startedAt: string;
      finishedAt: string | null;
      checked: number;
      drifted: number;
      changed: number;
      failed: number;
      plan: {
        hash: string;
        removals: number;
        additions: number;
        calls: number;
        seconds: number;
        members: Array<{
          discordUserId: string;
          nickname: string | null;
          reason: string;
          discordUser: { id: string; username: string | null } | null;
          platformUser: { id: string; username: string | null } | null;
          add: Array<{ id: string; name: string | null }>;
          remove: Array<{ id: string; name: string | null }>;
        }>;
      } | null;
    }>;
  };
};

export type ApproveAPlanMutationVariables = Exact<{
  sweepId: string;
  hash: string;
}>;

export type ApproveAPlanMutation = {
  approveSweep: {
    warnings: Array<string>;
    sweep: { id: string; state: SweepState; decidedBy: string | null; decidedAt: string | null };
  };
};

export type RejectAPlanMutationVariables = Exact<{
  sweepId: string;
  hash?: string | null | undefined;
}>;

export type RejectAPlanMutation = {
  rejectSweep: {
    warnings: Array<string>;
    sweep: { id: string; state: SweepState; decidedBy: string | null; decidedAt: string | null };
  };
};

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const LookAroundDocument = new TypedDocumentString(`
    query LookAround {
  discordClients {
    id
    name
    guildId
    enabled
    botInviteUrl
    liveState {
      state
      reason
    }
    health {
      checks {
        name
        result
        message
        remedy
      }
    }
    roles {
      id
      name
      isMapped
      refusal
    }
    mappings {
      id
      retiredAt
      group {
        id
        name
      }
      role {
        id
        name
      }
    }
  }
  platformGroups(first: 50) {
    totalCount
    nodes {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<LookAroundQuery, LookAroundQueryVariables>;
export const FindAPersonDocument = new TypedDocumentString(`
    query FindAPerson($clientId: ID!, $filter: DiscordUserFilter = {platformUserIds: ["alice"]}, $first: Int = 50, $after: String) {
  discordUsers(clientId: $clientId, filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      discordUserId
      displayName
      state
      reason
      platformUser {
        id
        username
        groups {
          id
          name
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FindAPersonQuery, FindAPersonQueryVariables>;
export const PutSomebodyInAGroupDocument = new TypedDocumentString(`
    mutation PutSomebodyInAGroup($changes: [MembershipChangeInput!]! = [{platformUserId: "alice", groupId: "directors", change: ADDED}]) {
  recordMembershipChanges(input: {changes: $changes}) {
    results {
      index
      ok
      verdict
      error {
        code
        message
      }
    }
    platformUsers {
      id
      groups {
        id
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<
  PutSomebodyInAGroupMutation,
  PutSomebodyInAGroupMutationVariables
>;
export const SeeTheRoleDocument = new TypedDocumentString(`
    query SeeTheRole($clientId: ID!, $platformUserId: ID! = "alice") {
  discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) {
    id
    discordUserId
    username
    displayName
    nickname
    state
    reason
    screening
    timedOutUntil
    lastReconciledAt
    roles {
      id
      name
      isMapped
    }
  }
}
    `) as unknown as TypedDocumentString<SeeTheRoleQuery, SeeTheRoleQueryVariables>;
export const WhyDocument = new TypedDocumentString(`
    query Why($filter: AuditRecordFilter = {platformUserId: "alice"}, $first: Int = 20, $after: String) {
  auditRecords(filter: $filter, first: $first, after: $after) {
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      openedAt
      closedAt
      outcome
      reason
      platformUserId
      causes {
        kind
        id
        actor
        groupId
      }
      added {
        id
        name
      }
      removed {
        id
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WhyQuery, WhyQueryVariables>;
export const WhyThisRoleDocument = new TypedDocumentString(`
    query WhyThisRole($linkId: ID!, $roleId: Snowflake!) {
  explainRole(id: $linkId, roleId: $roleId) {
    sentence
    blockedBy
    unblockedBy
    roleName
    isMapped
    desired
    isHeld
    seenAt
    mappings {
      mapping {
        id
      }
      group {
        id
        name
      }
      authority
      isRetired
      membership
    }
    lastChange {
      auditRecordId
      change
      at
      cause {
        kind
        id
        actor
        groupId
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WhyThisRoleQuery, WhyThisRoleQueryVariables>;
export const WatchRecordsDocument = new TypedDocumentString(`
    subscription WatchRecords($clientId: ID, $platformUserId: ID, $outcomes: [Outcome!]) {
  auditRecordAdded(
    clientId: $clientId
    platformUserId: $platformUserId
    outcomes: $outcomes
  ) {
    id
    closedAt
    outcome
    reason
    discordUserId
    platformUserId
    causes {
      kind
      id
      actor
      groupId
    }
    added {
      id
      name
    }
    removed {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<
  WatchRecordsSubscription,
  WatchRecordsSubscriptionVariables
>;
export const TakeAwayDocument = new TypedDocumentString(`
    mutation TakeAway($changes: [MembershipChangeInput!]! = [{platformUserId: "alice", groupId: "directors", change: REMOVED}]) {
  recordMembershipChanges(input: {changes: $changes}) {
    results {
      index
      ok
      verdict
      error {
        code
        message
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TakeAwayMutation, TakeAwayMutationVariables>;
export const MemberPlanDocument = new TypedDocumentString(`
    query MemberPlan($linkId: ID!) {
  memberPlan(id: $linkId) {
    summary
    nickname
    nicknameBlocked
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
}
    `) as unknown as TypedDocumentString<MemberPlanQuery, MemberPlanQueryVariables>;
export const ReconcileDocument = new TypedDocumentString(`
    mutation Reconcile($linkId: ID!) {
  reconcileDiscordUser(input: {id: $linkId}) {
    state
    discordUser {
      id
      state
      reason
      lastReconciledAt
      roles {
        id
        name
        isMapped
      }
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<ReconcileMutation, ReconcileMutationVariables>;
export const MapARoleDocument = new TypedDocumentString(`
    mutation MapARole($clientId: ID!, $groupId: ID! = "recruits", $roleId: Snowflake!, $dryRun: Boolean = true) {
  createRoleMapping(
    input: {clientId: $clientId, groupId: $groupId, roleId: $roleId, dryRun: $dryRun}
  ) {
    mapping {
      id
      authority
      group {
        id
        name
      }
      role {
        id
        name
      }
    }
    effect {
      additions
      removals
      calls
      seconds
      members {
        platformUserId
        discordUserId
        add {
          name
        }
        remove {
          name
        }
        reason
      }
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<MapARoleMutation, MapARoleMutationVariables>;
export const LinkAPersonDocument = new TypedDocumentString(`
    mutation LinkAPerson($clientId: ID!, $platformUserId: ID! = "dave", $discordUserId: Snowflake!) {
  linkDiscordUser(
    input: {clientId: $clientId, platformUserId: $platformUserId, discordUserId: $discordUserId}
  ) {
    discordUser {
      id
      state
      platformUser {
        id
        username
      }
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<LinkAPersonMutation, LinkAPersonMutationVariables>;
export const LetAPersonSignInDocument = new TypedDocumentString(`
    mutation LetAPersonSignIn($clientId: ID!, $platformUserId: ID! = "dave", $email: String, $returnTo: String) {
  beginDiscordLink(
    input: {clientId: $clientId, platformUserId: $platformUserId, email: $email, returnTo: $returnTo}
  ) {
    url
    expiresAt
    warnings
  }
}
    `) as unknown as TypedDocumentString<
  LetAPersonSignInMutation,
  LetAPersonSignInMutationVariables
>;
export const ImportLinksDocument = new TypedDocumentString(`
    mutation ImportLinks($clientId: ID!, $users: [ImportedDiscordUserInput!]! = [{platformUserId: "dave", discordUserId: "400000000000000004"}], $dryRun: Boolean = true) {
  importDiscordUsers(input: {clientId: $clientId, users: $users, dryRun: $dryRun}) {
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
      discordUser {
        id
        state
      }
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<ImportLinksMutation, ImportLinksMutationVariables>;
export const SchedulesDocument = new TypedDocumentString(`
    query Schedules($clientId: ID!) {
  schedules(clientId: $clientId) {
    kind
    cron
    timeZone
    enabled
    lastRunAt
    nextRunAt
  }
}
    `) as unknown as TypedDocumentString<SchedulesQuery, SchedulesQueryVariables>;
export const SweepNowDocument = new TypedDocumentString(`
    mutation SweepNow($clientId: ID!, $kind: SweepKind! = VERIFY_GROUPS, $dryRun: Boolean = true) {
  startSweep(input: {clientId: $clientId, kind: $kind, dryRun: $dryRun}) {
    sweep {
      id
      kind
      state
      dryRun
      startedAt
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<SweepNowMutation, SweepNowMutationVariables>;
export const WatchSweepsDocument = new TypedDocumentString(`
    subscription WatchSweeps($clientId: ID, $id: ID) {
  sweepProgressed(clientId: $clientId, id: $id) {
    id
    kind
    state
    dryRun
    reason
    checked
    drifted
    changed
    failed
    plan {
      hash
      removals
      additions
      calls
      seconds
    }
  }
}
    `) as unknown as TypedDocumentString<WatchSweepsSubscription, WatchSweepsSubscriptionVariables>;
export const SweepsDocument = new TypedDocumentString(`
    query Sweeps($clientId: ID!, $kind: SweepKind, $first: Int = 10, $after: String) {
  sweeps(clientId: $clientId, kind: $kind, first: $first, after: $after) {
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      kind
      state
      dryRun
      reason
      startedAt
      finishedAt
      checked
      drifted
      changed
      failed
      plan {
        hash
        removals
        additions
        calls
        seconds
        members {
          discordUserId
          discordUser {
            id
            username
          }
          platformUser {
            id
            username
          }
          add {
            id
            name
          }
          remove {
            id
            name
          }
          nickname
          reason
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SweepsQuery, SweepsQueryVariables>;
export const ApproveAPlanDocument = new TypedDocumentString(`
    mutation ApproveAPlan($sweepId: ID!, $hash: String!) {
  approveSweep(input: {id: $sweepId, hash: $hash}) {
    sweep {
      id
      state
      decidedBy
      decidedAt
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<ApproveAPlanMutation, ApproveAPlanMutationVariables>;
export const RejectAPlanDocument = new TypedDocumentString(`
    mutation RejectAPlan($sweepId: ID!, $hash: String) {
  rejectSweep(input: {id: $sweepId, hash: $hash}) {
    sweep {
      id
      state
      decidedBy
      decidedAt
    }
    warnings
  }
}
    `) as unknown as TypedDocumentString<RejectAPlanMutation, RejectAPlanMutationVariables>;
