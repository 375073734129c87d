import type { Cause, ClientId, Lane, MemberKey } from '../model.js';

/**
 * A claimed job: a member to reconcile, with the causes of all marks since the member's last
 * settled run. A mark records that a member must be reconciled, and why.
 */
export interface Job extends MemberKey {
  /** Settling the job covers all marks up to this version. */
  readonly version: number;
  readonly lane: Lane;
  /** Failed runs since the last settled one; determines the backoff. */
  readonly attempts: number;
  readonly causes: readonly Cause[];
  /** How many causes, at the end of `causes`, come from marks made after the claim. */
  readonly lateCauses: number;
}

/**
 * The job as stored when the run reads the member's facts. It includes the marks made since the
 * claim, because the facts already reflect them.
 */
export interface Marks {
  readonly version: number;
  readonly lane: Lane;
  /** Causes of the marks made after the claim. */
  readonly causes: readonly Cause[];
}

/** Operations on the job table for the worker. */
export interface JobTable {
  /**
   * Renews this process's bot leases and takes free bots up to its share. Call it several times
   * within a lease.
   */
  renewLeases(): Promise<Renewal>;
  /**
   * Releases bots to other processes. None of their members may have a run in progress here. Skips
   * a bot whose lease was renewed after `bots` was read, so that a delayed statement cannot release
   * a bot in use.
   */
  letGo(bots: readonly LeasedBot[]): Promise<void>;
  /**
   * Claims due jobs of clients whose bot is leased to this process, except stopped, paused and
   * disabled clients. Also reclaims this process's own jobs that are not in `inWork`: their run was
   * dropped, or the response to the claim was lost.
   */
  claim(request: ClaimRequest): Promise<Claimed>;
  /**
   * Starts listing a guild's members if that takes fewer calls than the pending single reads. Until
   * the list is complete, only urgent jobs of the client are claimed. Resolves to true if it
   * started.
   */
  startListing(clientId: ClientId): Promise<boolean>;
  /** Releases all bots, so that another process takes over at once. */
  releaseLeases(): Promise<void>;
  /** Calls `wake` when any process marks a member. Resolves to an unsubscribe function. */
  onMarked(wake: () => void): Promise<() => Promise<void>>;
}

/** A bot, identified by its application, with all clients that use it. */
export interface LeasedBot {
  readonly applicationId: string;
  readonly clientIds: readonly ClientId[];
  /** The expiry as text from the database. Every renewal changes it, so it identifies the lease. */
  readonly leasedUntil: string;
}

export interface Renewal {
  /** Number of bots just taken over. */
  readonly gained: number;
  /**
   * Bots beyond this process's share. Release each once none of its members has a run in progress.
   */
  readonly surplus: readonly LeasedBot[];
}

export interface ClaimRequest {
  /**
   * Runs that count towards the limit, by client. With the claimed jobs they never exceed
   * `runsPerClient`.
   */
  readonly running: ReadonlyMap<ClientId, number>;
  readonly runsPerClient: number;
  /** Members whose jobs are running in this process. */
  readonly inWork: readonly MemberKey[];
  /**
   * Members to skip, because their run is in progress or ended less than `windowMs` ago. `inWork`
   * is not enough: a mark made while a run settles creates an unclaimed job.
   */
  readonly busy?: readonly MemberKey[];
  /** Clients for which only urgent jobs are claimed: lane `fresh` and above. */
  readonly urgentOnly?: readonly ClientId[];
  /** Member edits (PATCH) possible now, by client. Each nickname needs one. Absent: unlimited. */
  readonly edits?: ReadonlyMap<ClientId, number>;
  /** Clients to skip. */
  readonly except: readonly ClientId[];
}

export interface Claimed {
  /** Most urgent lane first. */
  readonly jobs: readonly Job[];
  /**
   * Time until the next job is due for a client that may start another run; null: no job is
   * waiting.
   */
  readonly nextDueInMs: number | null;
}
