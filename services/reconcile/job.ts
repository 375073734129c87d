import type { Cause, Lane, MemberKey } from '../model.js';

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
