import type { MembershipKnowledge } from '../ports.js';
import type { Baseline, RemoteFacts, RequestedChange } from './remote.js';

/** What one reading of a role means under authority DISCORD. */
export interface RemoteVerdict {
  /** Grant the role. Only the first reading does: it merges both sides and removes from neither. */
  readonly gives: boolean;
  /** The change to request from the platform now. */
  readonly asks: RequestedChange | null;
  /** What to remember after this reading; null: nothing, so the next reading is the first. */
  readonly next: Baseline | null;
}

/**
 * Under authority DISCORD, a difference becomes a request to the platform. Nothing is requested
 * while the platform's state is unknown or about a deleted group. A removal from a group is
 * requested only if the role was once observed, or granted, in agreement with the group.
 */
export function remoteVerdict(reading: {
  readonly remote: RemoteFacts;
  readonly membership: MembershipKnowledge;
  readonly hasRole: boolean;
}): RemoteVerdict {
  const { remote, membership, hasRole } = reading;
  const { baseline, factOrder, isGroupDeleted } = remote;
  // A group that is restored is read as if for the first time.
  if (isGroupDeleted) return { gives: false, asks: null, next: null };
  if (membership === 'unknown' || factOrder === null)
    return { gives: false, asks: null, next: baseline };
  const isHeld = membership === 'held';
  if (isHeld === hasRole) return agreed(hasRole);
  if (baseline === null && isHeld) return { ...agreed(true), gives: true };
  const change = hasRole ? 'ADDED' : 'REMOVED';
  const standing = baseline?.request;
  if (standing?.change !== change) return asked(change, factOrder);
  // Already requested. A newer fact still says the opposite, so the platform has declined.
  const state = standing.askedOrder === factOrder ? standing.state : 'DISPUTED';
  const request = { ...standing, state } as const;
  return { gives: false, asks: null, next: { hasRole, request } };
}

/** The request was fulfilled or is no longer needed. */
function agreed(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/**
 * Replaces an open request for the opposite change: Discord has changed since, or the platform has
 * done what was requested.
 */
function asked(change: RequestedChange, askedOrder: string): RemoteVerdict {
  const request = { change, state: 'OPEN', askedOrder } as const;
  return {
    gives: false,
    asks: change,
    next: { hasRole: change === 'ADDED', request },
  };
}

/** Nothing to do and nothing to remember. */
export function isQuiet(
  { gives, asks, next }: RemoteVerdict,
  { baseline }: Pick<RemoteFacts, 'baseline'>,
): boolean {
  if (gives || asks !== null) return false;
  if (next === null || baseline === null) return next === baseline;
  return (
    next.hasRole === baseline.hasRole &&
    next.request?.change === baseline.request?.change &&
    next.request?.state === baseline.request?.state
  );
}
