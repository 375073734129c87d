import type { Cause, ClientId, Lane, MemberKey } from '../model.js';

/** A claimed job. `causes` are all marks since the last settled run. */
export interface Job extends MemberKey {
  /** Settling the job settles all marks up to this version. */
  readonly version: number;
  readonly lane: Lane;
  /** How often it failed without being settled; determines the backoff. */
  readonly attempts: number;
  readonly causes: readonly Cause[];
  /** How many of the last `causes` came after the claim. */
  readonly lateCauses: number;
}

/** The job when its member is read. The facts already include everything marked since the claim. */
export interface Marks {
  readonly version: number;
  readonly lane: Lane;
  /** Marks that came after the claim. */
  readonly causes: readonly Cause[];
}

/** What the worker needs of the job table. */
export interface JobTable {
  /**
   * Renews this process's bot leases and takes free bots up to its share. Call it several times
   * within a lease.
   */
  renewLeases(): Promise<Renewal>;
  /**
   * Frees these bots for another process; no member of theirs may be running here. A bot whose
   * lease was renewed since is kept, so a late statement cannot free a bot that is in use again.
   */
  letGo(bots: readonly LeasedBot[]): Promise<void>;
  /**
   * Claims due jobs of clients whose bots are leased to this process and that are neither stopped,
   * paused nor disabled. A job that this process claimed before and that is not in `inWork` is
   * claimed again: its run was dropped, or the answer to the claim was lost.
   */
  claim(request: ClaimRequest): Promise<Claimed>;
  /**
   * Starts a member list if it takes fewer calls than the pending single reads. Until it is read,
   * only urgent jobs of the client are claimed. Resolves with whether it started one.
   */
  startListing(clientId: ClientId): Promise<boolean>;
  /** Releases all bots, so that another process takes over at once. */
  releaseLeases(): Promise<void>;
  /** Calls back when a process marks a member. Resolves with a function that stops listening. */
  onMarked(wake: () => void): Promise<() => Promise<void>>;
}

/** A bot, identified by its application, with all clients that use it. */
export interface LeasedBot {
  readonly applicationId: string;
  readonly clientIds: readonly ClientId[];
  /** As the database prints it; each renewal has a different one. */
  readonly leasedUntil: string;
}

export interface Renewal {
  /** Bots that were just taken over. */
  readonly gained: number;
  /** Bots beyond this process's share: to be released once none of their members is running. */
  readonly surplus: readonly LeasedBot[];
}

export interface ClaimRequest {
  /** Places taken, by client. Together with the claimed jobs they are at most `runsPerClient`. */
  readonly running: ReadonlyMap<ClientId, number>;
  readonly runsPerClient: number;
  /** Members whose jobs are running in this process. */
  readonly inWork: readonly MemberKey[];
  /**
   * Members to skip: their run is in progress or ended less than a window ago. While a run settles,
   * a new mark may already have made a job that no process has claimed.
   */
  readonly busy?: readonly MemberKey[];
  /** Clients for which only urgent jobs are claimed: lane `fresh` and above. */
  readonly urgentOnly?: readonly ClientId[];
  /** Members that can be edited now, by client, the only way of setting nicknames. Absent: any number. */
  readonly edits?: ReadonlyMap<ClientId, number>;
  /** Clients to skip. */
  readonly except: readonly ClientId[];
}

export interface Claimed {
  /** Most urgent lane first. */
  readonly jobs: readonly Job[];
  /** Time until the next job falls due for a client with room; null: none is waiting. */
  readonly nextDueInMs: number | null;
}
