import type { Cause, Lane, MemberKey } from '../model.js';

/** A claimed job. `causes` are all marks since the last settled run. */
export interface Job extends MemberKey {
  /** The marks up to this one are settled with it. */
  readonly version: number;
  readonly lane: Lane;
  /** How often it failed without being settled: feeds the backoff. */
  readonly attempts: number;
  readonly causes: readonly Cause[];
  /** How many of `causes`, its last ones, came after the claim. */
  readonly lateCauses: number;
}

/**
 * How a job stands at the moment its member is read: what was marked since the claim is in the
 * facts too.
 */
export interface Marks {
  readonly version: number;
  readonly lane: Lane;
  /** Since the claim. */
  readonly causes: readonly Cause[];
}
