/**
 * Discord's rate limits as runs see them: how many runs may begin, and which writes are possible.
 */
import type { ClientId } from '../../model.js';
import type { Job } from '../job.js';
import type { MemberTarget } from '../ports.js';

/**
 * The writes Discord still allows in one guild, according to its latest responses. Single role
 * writes and member edits (PATCH) have separate limits.
 */
export interface WriteOutlook {
  /** Writes of both kinds possible now; Infinity: nothing is known yet. */
  readonly left: number;
  /** The member edits among `left`. */
  readonly edits: number;
  /**
   * The time in ms from which `calls` are possible, in addition to the single writes that other
   * runs have booked (`others`). In the past: now.
   */
  singlesFrom(calls: Singles, others: Singles): number;
  /** The time in ms from which this many members can be edited. In the past: now. */
  listsFrom(calls: number): number;
}

/** The number of roles to grant and to remove, one call each. */
export interface Singles {
  readonly add: number;
  readonly remove: number;
}

export type WriteOutlookOf = (who: Pick<MemberTarget, 'clientId' | 'isUrgent'>) => WriteOutlook;

/** The runs that may begin, by client. A client in none of these lists is unrestricted. */
export interface Places {
  /**
   * How many of the `runsPerClient` runs are not free, by client: in progress, or blocked by a rate
   * limit.
   */
  readonly taken: ReadonlyMap<ClientId, number>;
  /** Clients that may only start urgent runs. */
  readonly urgentOnly: readonly ClientId[];
  /** Member edits possible now, by client; absent: not known. */
  readonly edits: ReadonlyMap<ClientId, number>;
  readonly closed: readonly ClientId[];
  /** Time until more runs may begin even if none ends; Infinity: no client is waiting. */
  readonly moreInMs: number;
}

/**
 * Books the calls that a run is about to make, so that no other run of its client counts on the
 * same last call.
 */
export interface WriteReservation {
  readonly singlesFrom: (calls: Singles) => number;
  readonly listsFrom: () => number;
  /** Replaces this run's earlier booking. */
  readonly book: (calls: Partial<BookedWrites>) => void;
  /** Notes that Discord delayed a call although the outlook allowed it. */
  readonly block: (way: 'singles' | 'lists', untilMs: number) => void;
  /** Notes that this run's nickname has to wait for a member edit. */
  readonly awaitEdit: () => void;
  /**
   * Whether a nickname of the client recently had to wait for a member edit, the only call that
   * sets one.
   */
  readonly areEditsAwaited: () => boolean;
  readonly leave: () => void;
}

export interface BookedWrites extends Singles {
  readonly lists: number;
}

/** Decides how many runs may begin under Discord's rate limits. */
export interface Pacing {
  readonly places: (running: ReadonlyMap<ClientId, number>) => Places;
  readonly begun: (job: Pick<Job, 'clientId'>) => void;
  /** Notes that a run was delayed until `until`; the next runs of its client wait too. */
  readonly delayed: (job: Pick<Job, 'clientId' | 'lane'>, until: Date) => void;
  /** Ends the client's wait. */
  readonly freed: (clientId: ClientId) => void;
  readonly reserve: (target: MemberTarget) => WriteReservation;
}
