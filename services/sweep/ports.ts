/**
 * What the sweeps ask of the world.
 * In: schedules that are due, runs that wait. Out: a fresh mirror, and marks for the path.
 * Never: a change at Discord, or one made because of a listing that cannot be right.
 */
import type {
  Attributes,
  ClientId,
  DiscordUserId,
  GuildId,
  NicknameStrategy,
  PlatformUserId,
  PresentMember,
  RenameRefusal,
  RoleId,
  SweepKind,
} from '../model.js';

export interface ScheduleTiming {
  readonly kind: SweepKind;
  /** Five fields. */
  readonly cron: string;
  /** An IANA name. */
  readonly timeZone: string;
  readonly isEnabled: boolean;
}

export interface SweepRun {
  readonly id: string;
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  /** Nothing is written but the run itself. */
  readonly isDryRun: boolean;
  /** Names people in place of the client's own; null: the client's own does. */
  readonly enforceStrategy: NicknameStrategy | null;
  /** The trace of the request that started it; null: none, or started by its schedule. */
  readonly traceparent: string | null;
  /** Started only to replace many single reads. */
  readonly isForCrowd: boolean;
  /** 1 at first; more where a process died with it. */
  readonly attempts: number;
  /** Why the guild cannot be read now; null if it can. */
  readonly refusal: string | null;
  /** For how long the client is still paused; 0: it is not. */
  readonly pausedMs: number;
}

export interface ListedMember extends PresentMember {
  readonly discordUserId: DiscordUserId;
}

export interface DriftedMember {
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Roles where Discord has authority and a request to the platform is to be made or withdrawn. */
  readonly asks: readonly RoleId[];
  readonly isUnread: boolean;
}

export interface SweepPlan {
  readonly hash: string;
  readonly removals: number;
  readonly additions: number;
  readonly calls: number;
  readonly seconds: number;
  readonly members: readonly {
    readonly discordUserId: DiscordUserId;
    readonly platformUserId: PlatformUserId | null;
    readonly add: readonly RoleId[];
    readonly remove: readonly RoleId[];
    readonly nickname: string | null;
    readonly reason: string;
  }[];
}

export interface SweepEnding {
  readonly state: 'DONE' | 'FAILED';
  readonly plan: SweepPlan | null;
  /** Whose removals are judged as a whole. */
  readonly driftedMembers: readonly DriftedMember[];
  readonly checked: number;
  readonly drifted: number;
  readonly changed: number;
  /** Out of step, and the path could not help it. */
  readonly failed: number;
  readonly reason: string | null;
  readonly marks: readonly DiscordUserId[];
  /** Members the path should read from Discord, whatever the mirror says. */
  readonly looks: readonly DiscordUserId[];
  /**
   * Unlinked holders as Discord's counts give them; `asExpected`: as before. Null: nothing was
   * counted.
   */
  readonly holders: ReadonlyMap<RoleId, number> | 'asExpected' | null;
  /** A complete list was saved: the unlinked holders of these roles are counted from it. */
  readonly listed?: {
    readonly askedAt: string;
    readonly roleIds: readonly RoleId[];
    /** Member count of the list, linked or not. */
    readonly members: number;
  };
  /** Why Discord did not count who holds the roles; null: it did. Absent: the sweep did not ask. */
  readonly countsFault?: string | null;
  /** Jobs older than the list that it settles without a run. */
  readonly answered?: AnsweredJobs;
}

export interface AnsweredJobs {
  /** The database's time when the list was requested. */
  readonly askedAt: string;
  /** Jobs of listed members who are in step. */
  readonly inStep: readonly WaitingJob[];
  /** Jobs of accounts missing from the list. */
  readonly absent: readonly WaitingJob[];
}

export interface WaitingJob {
  readonly discordUserId: DiscordUserId;
  /** Raised by each mark, so a later mark keeps the job. */
  readonly version: number;
}

export interface ListingRef {
  readonly clientId: ClientId;
  readonly askedAt: string;
}

export interface Expectation {
  readonly roleNames: ReadonlyMap<RoleId, string>;
  readonly linkedHolders: ReadonlyMap<RoleId, number>;
  /** Null: no listing knows of this role yet. */
  readonly expected: ReadonlyMap<RoleId, number | null>;
  readonly runsSince: number | null;
}

/** The memory, as the sweeps know it. */
export interface SweepMemory {
  readonly runs: {
    /** `inWork`: the sweeps that run in this process; any other that it holds is free. */
    claim(leaseMs: number, inWork: readonly string[]): Promise<SweepRun | null>;
    /** False: another process owns the run now. */
    renew(id: string, leaseMs: number, checked: number): Promise<boolean>;
    release(run: SweepRun): Promise<void>;
    /** Postponed. False: the run belongs to another process now. */
    postpone(
      id: string,
      until: { readonly waitMs: number; readonly reason: string },
    ): Promise<boolean>;
    /** Null: the run is ours no longer. */
    finish(
      run: SweepRun,
      ending: SweepEnding,
    ): Promise<{
      /** The sweep in which its removals wait for a person; null: none wait. */
      readonly heldIn: string | null;
      /** The guild's list cannot be believed, for the first time. */
      readonly isNewDoubt: boolean;
    } | null>;
    /** Null: the run is ours no longer. */
    refreshMirror(
      run: SweepRun,
      listing: ListingRef,
      members: readonly ListedMember[],
    ): Promise<{
      readonly changed: readonly DiscordUserId[];
      readonly arrived: readonly DiscordUserId[];
      readonly renamed: readonly DiscordUserId[];
      /** Passed Discord's membership screening since they were last read. */
      readonly screened: readonly DiscordUserId[];
    } | null>;
    /** False: another process owns the run now. */
    saveUnlinkedHolders(run: SweepRun, chunk: UnlinkedChunk): Promise<boolean>;
    noteLeft(
      run: SweepRun,
      listing: ListingRef,
      missing: readonly DiscordUserId[],
    ): Promise<readonly DiscordUserId[] | null>;
  };
  readDrift(request: {
    readonly clientId: ClientId;
    readonly seen: readonly {
      readonly discordUserId: DiscordUserId;
      readonly isPresent: boolean;
      readonly isPending: boolean;
      readonly roleIds: readonly RoleId[];
    }[];
    readonly changed: readonly DiscordUserId[];
    readonly beforePage: () => Promise<void>;
  }): Promise<readonly DriftedMember[]>;
  readExpectation(clientId: ClientId): Promise<Expectation>;
  readLinkedMembers(
    clientId: ClientId,
    beforePage: () => Promise<void>,
  ): Promise<{
    readonly askedAt: string;
    readonly linked: { readonly size: number; has(id: DiscordUserId): boolean };
    /** Owned by the caller, who removes listed ids from it. */
    readonly present: Iterable<DiscordUserId> & {
      readonly size: number;
      delete(id: DiscordUserId): boolean;
    };
  }>;
  /** Jobs that are neither claimed nor parked. */
  readWaiting(clientId: ClientId): Promise<readonly WaitingJob[]>;
  countLinkedMembers(clientId: ClientId): Promise<number>;
  readOldest(request: {
    readonly clientId: ClientId;
    readonly isAbsent: boolean;
    readonly limit: number;
  }): Promise<readonly DiscordUserId[]>;
  /** Members waiting to pass Discord's membership screening. */
  readScreened(request: {
    readonly clientId: ClientId;
    readonly limit: number;
  }): Promise<readonly DiscordUserId[]>;
  /** Null: the client has gone. */
  readNameRules(clientId: ClientId): Promise<NameRules | null>;
  /** In the order of their accounts. */
  readNamePage(request: {
    readonly clientId: ClientId;
    readonly after: DiscordUserId | null;
    readonly limit: number;
  }): Promise<readonly NamedMember[]>;
}

/** One guild, as its bot may ask of it. */
export interface Guild {
  listMembers(page: {
    readonly after: DiscordUserId | null;
    readonly limit: number;
  }): Promise<readonly ListedMember[]>;
  readRoleCounts(): Promise<ReadonlyMap<RoleId, number>>;
  /** Reads the guild's roles and keeps them. */
  refreshRoles(): Promise<void>;
}

/** The rules that name a client's members, and which members its bot cannot rename. */
export interface NameRules {
  readonly policy: { readonly strategy: NicknameStrategy; readonly template: string | null };
  /** Renaming is off, whatever the policy. */
  readonly isObserved: boolean;
  /**
   * Members who have not passed Discord's membership screening keep their names until they have.
   */
  readonly waitsForScreening: boolean;
  readonly guildId: GuildId;
  readonly ownerId: DiscordUserId | null;
  readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
}

export interface NamedMember {
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId;
  readonly person: { readonly username: string | null; readonly attributes: Attributes };
  readonly isPresent: boolean;
  readonly isPending: boolean;
  readonly roleIds: readonly RoleId[];
  readonly shown: {
    readonly nickname: string | null;
    readonly displayName: string | null;
    readonly username: string | null;
  };
  readonly refusedBefore: string | null;
  /** The member's current reason. */
  readonly reason: string | null;
}

/** Pure: the nickname to set, null for none; and why none can be set that should be. */
export type PlanNickname = (
  rules: NameRules,
  member: Omit<NamedMember, 'reason'>,
) => {
  readonly nickname: string | null;
  readonly nicknameBlocked: string | null;
  readonly isWithheld: boolean;
};

/**
 * Members without a link and the mapped roles they hold: of ids above `after` and up to `to`; null:
 * without that limit.
 */
export interface UnlinkedChunk {
  readonly after: DiscordUserId | null;
  readonly to: DiscordUserId | null;
  readonly holders: readonly {
    readonly discordUserId: DiscordUserId;
    readonly roleIds: readonly RoleId[];
    readonly username: string;
    readonly displayName: string | null;
    readonly nickname: string | null;
    readonly isBot: boolean;
  }[];
}
