/**
 * The interfaces the sweeps depend on.
 * In: due schedules and waiting runs. Out: an updated mirror, and members marked for reconciling.
 * Never: a change at Discord, or any change based on a list that is not credible.
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
  /** A cron pattern of five fields. */
  readonly cron: string;
  /** An IANA time zone name. */
  readonly timeZone: string;
  readonly isEnabled: boolean;
}

export interface SweepRun {
  readonly id: string;
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  /** A dry run writes only its own record. */
  readonly isDryRun: boolean;
  /** The nickname strategy for this run; null: the client's own. */
  readonly enforceStrategy: NicknameStrategy | null;
  /**
   * The `traceparent` of the request that started the run; null: untraced, or started by its
   * schedule.
   */
  readonly traceparent: string | null;
  /**
   * True: started because listing the guild takes fewer calls than reading many waiting members one
   * by one.
   */
  readonly isForCrowd: boolean;
  /** Number of the current attempt, from 1. Each interruption adds one. */
  readonly attempts: number;
  /** Why the guild cannot be read now; null if it can. */
  readonly refusal: string | null;
  /** Remaining pause of the client in ms; 0: not paused. */
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
  /**
   * Roles under authority DISCORD for which a request to the platform must be made or withdrawn.
   */
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
  /**
   * Members whose roles differ from the desired ones. The guard judges their removals as a whole.
   */
  readonly driftedMembers: readonly DriftedMember[];
  readonly checked: number;
  readonly drifted: number;
  readonly changed: number;
  /** Number of misnamed members who cannot be renamed. */
  readonly failed: number;
  readonly reason: string | null;
  readonly marks: readonly DiscordUserId[];
  /** Members to read from Discord in their next run, whatever the mirror says. */
  readonly looks: readonly DiscordUserId[];
  /**
   * Number of unlinked holders of each role, derived from Discord's counts. `asExpected`: the
   * stored numbers are still right. Null: not counted.
   */
  readonly holders: ReadonlyMap<RoleId, number> | 'asExpected' | null;
  /**
   * Set if a complete list was saved. The unlinked holders of these roles are then counted from the
   * list.
   */
  readonly listed?: {
    readonly askedAt: string;
    readonly roleIds: readonly RoleId[];
    /** Number of listed members, linked or not. */
    readonly members: number;
  };
  /** Why Discord's role counts could not be read; null: they were read. Absent: not requested. */
  readonly countsFault?: string | null;
  /**
   * Jobs that were waiting when the list was requested, and that the list settles without a run.
   */
  readonly answered?: AnsweredJobs;
}

export interface AnsweredJobs {
  /** When the list was requested, by the database's clock. */
  readonly askedAt: string;
  /** Jobs of listed members who are in step. */
  readonly inStep: readonly WaitingJob[];
  /** Jobs of accounts missing from the list. */
  readonly absent: readonly WaitingJob[];
}

export interface WaitingJob {
  readonly discordUserId: DiscordUserId;
  /** Incremented by each mark, so that a member marked again keeps the job. */
  readonly version: number;
}

export interface ListingRef {
  readonly clientId: ClientId;
  readonly askedAt: string;
}

export interface Expectation {
  readonly roleNames: ReadonlyMap<RoleId, string>;
  readonly linkedHolders: ReadonlyMap<RoleId, number>;
  /** Expected holders of each mapped role. Null: no list has counted this role yet. */
  readonly expected: ReadonlyMap<RoleId, number | null>;
  readonly runsSince: number | null;
  /** True: a gateway session shows changes on Discord at once, and has missed none. */
  readonly isLive: boolean;
  /**
   * Whether an audit record of the client is open. Discord's counts may then include a write that
   * the mirror does not.
   */
  readonly isBeingWritten: boolean;
  /** When this was read, by the database's clock. It is text, to keep the microseconds. */
  readonly asOf: string;
}

/** The database operations of the sweeps. */
export interface SweepMemory {
  readonly runs: {
    /**
     * `inWork`: ids of the sweeps this process is running. Any other sweep that it owns can be
     * claimed again.
     */
    claim(leaseMs: number, inWork: readonly string[]): Promise<SweepRun | null>;
    /**
     * Renews the lease. Returns false if the run was cancelled or another process has taken it
     * over.
     */
    renew(id: string, leaseMs: number, checked: number): Promise<boolean>;
    release(run: SweepRun): Promise<void>;
    /**
     * Postpones the run. Returns false if it was cancelled or another process has taken it over.
     */
    postpone(
      id: string,
      until: { readonly waitMs: number; readonly reason: string },
    ): Promise<boolean>;
    /**
     * Saves the result and ends the run. Returns null if the run was cancelled or another process
     * has taken it over.
     */
    finish(
      run: SweepRun,
      ending: SweepEnding,
    ): Promise<{
      /** Id of the sweep that holds the removals for approval; null: none are held. */
      readonly heldIn: string | null;
      /** True: the member list looked incomplete, and the previous list did not. */
      readonly isNewDoubt: boolean;
    } | null>;
    /**
     * Writes one page of the list into the mirror. Returns null if the run was cancelled or another
     * process has taken it over.
     */
    refreshMirror(
      run: SweepRun,
      listing: ListingRef,
      members: readonly ListedMember[],
    ): Promise<{
      readonly changed: readonly DiscordUserId[];
      readonly arrived: readonly DiscordUserId[];
      readonly renamed: readonly DiscordUserId[];
      /** Members who have passed Discord's membership screening since their last reading. */
      readonly passedScreening: readonly DiscordUserId[];
    } | null>;
    /**
     * Replaces the stored unlinked holders of the chunk's ids. Returns false if the run was
     * cancelled or another process has taken it over.
     */
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
      readonly timedOutUntil: Date | null;
      readonly roleIds: readonly RoleId[];
    }[];
    readonly changed: readonly DiscordUserId[];
    readonly beforePage: () => Promise<void>;
  }): Promise<readonly DriftedMember[]>;
  readExpectation(clientId: ClientId): Promise<Expectation>;
  /** Whether an audit record of the client is open, or was opened since `asOf`. */
  hasWritten(clientId: ClientId, asOf: string): Promise<boolean>;
  readLinkedMembers(
    clientId: ClientId,
    beforePage: () => Promise<void>,
  ): Promise<{
    readonly askedAt: string;
    readonly linked: { readonly size: number; has(id: DiscordUserId): boolean };
    /**
     * Linked members who are in the guild according to the mirror. The caller deletes each id found
     * in Discord's member list; the remaining ones are missing from the list.
     */
    readonly present: Iterable<DiscordUserId> & {
      readonly size: number;
      delete(id: DiscordUserId): boolean;
    };
  }>;
  /** Returns jobs that are neither claimed nor parked. */
  readWaiting(clientId: ClientId): Promise<readonly WaitingJob[]>;
  countLinkedMembers(clientId: ClientId): Promise<number>;
  readOldest(request: {
    readonly clientId: ClientId;
    readonly isAbsent: boolean;
    readonly limit: number;
  }): Promise<readonly DiscordUserId[]>;
  /** Returns members who have not passed Discord's membership screening. */
  readScreened(request: {
    readonly clientId: ClientId;
    readonly limit: number;
  }): Promise<readonly DiscordUserId[]>;
  /** Returns null if the client was deleted. */
  readNameRules(clientId: ClientId): Promise<NameRules | null>;
  /** Returns a page of linked members, sorted by Discord user id. */
  readNamePage(request: {
    readonly clientId: ClientId;
    readonly after: DiscordUserId | null;
    readonly limit: number;
  }): Promise<readonly NamedMember[]>;
}

/** The Discord calls a sweep can make for one guild. */
export interface Guild {
  listMembers(page: {
    readonly after: DiscordUserId | null;
    readonly limit: number;
  }): Promise<readonly ListedMember[]>;
  readRoleCounts(): Promise<ReadonlyMap<RoleId, number>>;
  /** Reads the guild's roles from Discord and saves them. */
  refreshRoles(): Promise<void>;
}

/** A client's nickname rules, and the roles whose holders its bot cannot rename. */
export interface NameRules {
  readonly policy: { readonly strategy: NicknameStrategy; readonly template: string | null };
  /** True: the client is under authority OBSERVE, so no member is renamed, whatever the policy. */
  readonly isObserved: boolean;
  /** True: members keep their names until they have passed Discord's membership screening. */
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
  /** The reason stored by the member's last reconcile. */
  readonly reason: string | null;
}

/**
 * A pure function. Returns the nickname to set, or null for no change, and why a desired nickname
 * cannot be set.
 */
export type PlanNickname = (
  rules: NameRules,
  member: Omit<NamedMember, 'reason'>,
) => {
  readonly nickname: string | null;
  readonly nicknameBlocked: string | null;
  readonly isWithheld: boolean;
};

/**
 * Unlinked members and the mapped roles they hold, for all ids above `after` and up to `to`. Null:
 * unbounded.
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
