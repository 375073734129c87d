import type { ClientId, MemberKey } from '../model.js';
import type { Job } from './job.js';

/** What the worker asks of the job table. */
export interface JobTable {
  /**
   * Keeps this process's bots and takes free ones up to its share. To be called several times
   * within a lease.
   */
  renewLeases(): Promise<Renewal>;
  /**
   * Frees these bots for another process; none of their members may be in work here. One whose
   * lease was renewed since stays: so a statement that arrives late frees no bot that is worked
   * again.
   */
  letGo(bots: readonly LeasedBot[]): Promise<void>;
  /**
   * Claims due jobs of clients whose bots are leased to this process and that are neither stopped,
   * paused nor disabled. A job that this process claimed before and that is not in `inWork` is
   * free: its run was dropped, or the claim was never answered.
   */
  claim(request: ClaimRequest): Promise<Claimed>;
  /** Lets all bots go, so that another process takes over at once. */
  releaseLeases(): Promise<void>;
  /**
   * Calls back whenever a member was marked, by whichever process. Resolves with the way to stop
   * listening.
   */
  onMarked(wake: () => void): Promise<() => Promise<void>>;
}

/** A bot, by its application, and all clients that use it. */
export interface LeasedBot {
  readonly applicationId: string;
  readonly clientIds: readonly ClientId[];
  /** As the database writes it; each renewal has another. */
  readonly leasedUntil: string;
}

export interface Renewal {
  /** Bots taken over just now. */
  readonly gained: number;
  /** Held beyond this process's share: to be let go as soon as nothing of theirs is in work. */
  readonly surplus: readonly LeasedBot[];
}

export interface ClaimRequest {
  /** Places taken, by client: with those that are claimed they come to at most `runsPerClient`. */
  readonly running: ReadonlyMap<ClientId, number>;
  readonly runsPerClient: number;
  /** Members whose jobs run in this process now. */
  readonly inWork: readonly MemberKey[];
  /** Clients of which only what is urgent is claimed: lane `fresh` and above. */
  readonly urgentOnly?: readonly ClientId[];
  /** Clients to leave alone. */
  readonly except: readonly ClientId[];
}

export interface Claimed {
  /** Most urgent lane first. */
  readonly jobs: readonly Job[];
  /** When the next job falls due where there is still room, from now; null: none is waiting. */
  readonly nextDueInMs: number | null;
}
