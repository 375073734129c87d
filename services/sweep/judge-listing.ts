import { named } from '../lib/named.js';
import type { RoleId } from '../model.js';

export interface ListingEvidence {
  /** Number of listed members, linked or not. */
  readonly listed: number;
  /**
   * Number of linked members last observed in the guild (`present`), and how many of them the list
   * lacks (`missing`).
   */
  readonly present: number;
  readonly missing: number;
  /**
   * Holders of each mapped role: in the list (`listedHolders`), and as counted by Discord
   * (`counts`).
   */
  readonly listedHolders: ReadonlyMap<RoleId, number>;
  readonly counts: ReadonlyMap<RoleId, number>;
  readonly roleNames: ReadonlyMap<RoleId, string>;
}

/**
 * The share of members that may be missing from a list. Some shortfall is normal, because members
 * leave while the list is read.
 */
const TOLERATED = 0.02;
/** In a small guild, two departures exceed the percentage. */
const TOLERATED_AT_LEAST = 2;

/**
 * Returns why a listing is not credible; null if it is. An empty or unexpectedly short list looks
 * like a guild that everyone left, so nothing may be derived from it.
 */
export function judgeListing(evidence: ListingEvidence): string | null {
  const { listed, present, missing } = evidence;
  if (listed === 0) return 'the member list is empty, but a guild always has members';
  if (missing > Math.max(present * TOLERATED, TOLERATED_AT_LEAST))
    return `the member list lacks ${missing} of ${present} linked members who were in the guild`;
  for (const [roleId, held] of evidence.listedHolders) {
    const counted = evidence.counts.get(roleId) ?? 0;
    if (held < counted * (1 - TOLERATED))
      return `the member list shows ${held} holders of ${named('role', roleId, evidence.roleNames.get(roleId))}, but Discord counts ${counted}`;
  }
  return null;
}
