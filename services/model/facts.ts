import type { Cause, GroupId, PlatformUserId } from '../model.js';

/**
 * A place in the one total order of facts: any with `sequence` outranks any without; then by `sequence`, or by `timeUs`
 * (microseconds since 1970, as events carry more than milliseconds).
 */
export interface FactOrder {
  readonly sequence: number | null;
  readonly timeUs: number;
}

export interface Attributes {
  readonly character?: string | null;
  readonly corporation?: string | null;
  readonly alliance?: string | null;
}

interface FactBase {
  readonly order: FactOrder;
  readonly cause: Cause;
}

export interface MembershipChanged extends FactBase {
  readonly kind: 'membershipChanged';
  readonly platformUserId: PlatformUserId;
  readonly groupId: GroupId;
  readonly change: 'added' | 'removed';
}

/** The user's whole set of groups. */
export interface MembershipSnapshot extends FactBase {
  readonly kind: 'membershipSnapshot';
  readonly platformUserId: PlatformUserId;
  readonly groupIds: readonly GroupId[];
}

export interface UserChanged extends FactBase {
  readonly kind: 'userChanged';
  readonly platformUserId: PlatformUserId;
  readonly username: string;
  readonly attributes?: Attributes;
}

/** Final: a deleted user's id is never used again. */
export interface UserDeleted extends FactBase {
  readonly kind: 'userDeleted';
  readonly platformUserId: PlatformUserId;
}

export interface GroupChanged extends FactBase {
  readonly kind: 'groupChanged';
  readonly groupId: GroupId;
  readonly name?: string;
}

/** Its memberships count as known and not held, until a newer `groupChanged` revives it. */
export interface GroupDeleted extends FactBase {
  readonly kind: 'groupDeleted';
  readonly groupId: GroupId;
}

export type PlatformFact =
  | MembershipChanged
  | MembershipSnapshot
  | UserChanged
  | UserDeleted
  | GroupChanged
  | GroupDeleted;

/** `unchanged`: the very same fact stood already. `stale`: a fact that outranks it stood already. */
export type FactVerdict = 'applied' | 'unchanged' | 'stale';
