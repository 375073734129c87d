import type { MembershipKnowledge } from './ports.js';
import type { Baseline, RemoteFacts, RequestedChange } from './remote.js';

/** What one reading of a role means where Discord has the say over it. */
export interface RemoteVerdict {
  /**
   * The role is given at Discord: only by the first reading, which joins both sides and takes from
   * neither.
   */
  readonly gives: boolean;
  /** What the platform is asked for now. */
  readonly asks: RequestedChange | null;
  /** What is remembered after the reading; null: nothing, so that the next one is the first. */
  readonly next: Baseline | null;
}

/**
 * Where Discord has the say, a difference becomes a request to the platform. Nothing is asked while
 * it is unknown what the platform holds true, nor of a group that is gone; and to take somebody out
 * of a group is only asked of somebody whose role was once seen, or given, to agree with it.
 */
export function remoteVerdict(reading: {
  readonly remote: RemoteFacts;
  readonly membership: MembershipKnowledge;
  readonly hasRole: boolean;
}): RemoteVerdict {
  const { remote, membership, hasRole } = reading;
  const { baseline, factOrder, isGroupDeleted } = remote;
  // A group that comes back is read as if for the first time.
  if (isGroupDeleted) return { gives: false, asks: null, next: null };
  if (membership === 'unknown' || factOrder === null)
    return { gives: false, asks: null, next: baseline };
  const isHeld = membership === 'held';
  if (isHeld === hasRole) return agreed(hasRole);
  if (baseline === null && isHeld) return { ...agreed(true), gives: true };
  const change = hasRole ? 'ADDED' : 'REMOVED';
  const standing = baseline?.request;
  if (standing?.change !== change) return asked(change, factOrder);
  // Asked for already. Something newer was said since, and is still the contrary: the platform does
  // not want to.
  const state = standing.askedOrder === factOrder ? standing.state : 'DISPUTED';
  const request = { ...standing, state } as const;
  return { gives: false, asks: null, next: { hasRole, request } };
}

/** Whatever was asked for has come about, or is not wanted any more. */
function agreed(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/**
 * A contrary request that stood is replaced: Discord has changed since, or the platform has done
 * what it asked for.
 */
function asked(change: RequestedChange, askedOrder: string): RemoteVerdict {
  const request = { change, state: 'OPEN', askedOrder } as const;
  return {
    gives: false,
    asks: change,
    next: { hasRole: change === 'ADDED', request },
  };
}

/** Nothing is to be done or to be remembered. */
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
