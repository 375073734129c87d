/**
 * What the sweeps ask of the world.
 * In: schedules that are due, runs that wait. Out: a fresh mirror, and marks for the path.
 * Never: a change at Discord, or one made because of a listing that cannot be right.
 */
import type {
  ClientId,
  DiscordUserId,
  PlatformUserId,
  PresentMember,
  RoleId,
  SweepKind,
} from '../model.js';

export interface Timing {
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
  /** 1 at first; more where a process died with it. */
  readonly attempts: number;
  /** Why nothing may be asked of the guild now; null when it may. */
  readonly refusal: string | null;
}

export interface ListedMember extends PresentMember {
  readonly discordUserId: DiscordUserId;
}

export interface DriftedMember {
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
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
    readonly reason: string;
  }[];
}

export interface SweepEnding {
  readonly state: 'DONE' | 'FAILED';
  readonly plan: SweepPlan | null;
  readonly checked: number;
  readonly drifted: number;
  readonly changed: number;
  readonly reason: string | null;
  readonly marks: readonly DiscordUserId[];
  readonly holders: ReadonlyMap<RoleId, number> | 'asExpected' | null;
}

export interface ListingRef {
  readonly clientId: ClientId;
  readonly askedAt: string;
}

export interface Expectation {
  readonly linkedHolders: ReadonlyMap<RoleId, number>;
  /** Null: no listing knows of this role yet. */
  readonly expected: ReadonlyMap<RoleId, number | null>;
  readonly runsSince: number | null;
}

/** The memory, as the sweeps know it. */
export interface SweepMemory {
  readonly runs: {
    claim(leaseMs: number): Promise<SweepRun | null>;
    /** False: the run is ours no longer. */
    renew(id: string, leaseMs: number, checked: number): Promise<boolean>;
    release(id: string): Promise<void>;
    finish(run: SweepRun, ending: SweepEnding): Promise<boolean>;
    /** Null: the run is ours no longer. */
    refreshMirror(
      run: SweepRun,
      listing: ListingRef,
      members: readonly ListedMember[],
    ): Promise<{
      readonly changed: readonly DiscordUserId[];
      readonly arrived: readonly DiscordUserId[];
      readonly renamed: readonly DiscordUserId[];
    } | null>;
    noteLeft(
      run: SweepRun,
      listing: ListingRef,
      listed: readonly DiscordUserId[],
    ): Promise<readonly DiscordUserId[] | null>;
  };
  readDrift(request: {
    readonly clientId: ClientId;
    readonly seen: readonly {
      readonly discordUserId: DiscordUserId;
      readonly isPresent: boolean;
      readonly roleIds: readonly RoleId[];
    }[];
    readonly changed: readonly DiscordUserId[];
  }): Promise<readonly DriftedMember[]>;
  readExpectation(clientId: ClientId): Promise<Expectation>;
  readLinkedMembers(clientId: ClientId): Promise<{
    readonly askedAt: string;
    readonly linked: ReadonlySet<DiscordUserId>;
    readonly present: ReadonlySet<DiscordUserId>;
  }>;
  countLinkedMembers(clientId: ClientId): Promise<number>;
  readOldest(request: {
    readonly clientId: ClientId;
    readonly isAbsent: boolean;
    readonly limit: number;
  }): Promise<readonly DiscordUserId[]>;
}

/** One guild, as its bot may ask of it. */
export interface Guild {
  listMembers(page: {
    readonly after: DiscordUserId | null;
    readonly limit: number;
  }): Promise<readonly ListedMember[]>;
  readRoleCounts(): Promise<ReadonlyMap<RoleId, number>>;
}
