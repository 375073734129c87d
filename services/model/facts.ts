import type { Cause, GroupId, PlatformUserId } from './base.js';

/**
 * A position in the total order of facts. A fact with `sequence` outranks every fact without one.
 * Otherwise the higher `sequence` wins, or the later `timeUs` (microseconds since 1970, because
 * events carry more than milliseconds).
 */
export interface FactOrder {
  readonly sequence: number | null;
  readonly timeUs: number;
  /** The time is when the database received a mutation. Absent: the fact came from an event. */
  readonly isMutation?: true;
}

/** The position a fact claims. `timeUs` is null for a mutation: the database sets it on receipt. */
export interface ClaimedOrder {
  readonly sequence: number | null;
  readonly timeUs: number | null;
}

/** Attributes of a user that the platform can send, for use in nicknames. */
export const ATTRIBUTE_NAMES = ['character', 'corporation', 'alliance'] as const;
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** Null: the user has none. Absent: not sent. */
export type Attributes = { readonly [Name in AttributeName]?: string | null };

interface FactBase {
  readonly order: ClaimedOrder;
  readonly cause: Cause;
}

export interface MembershipChanged extends FactBase {
  readonly kind: 'membershipChanged';
  readonly platformUserId: PlatformUserId;
  readonly groupId: GroupId;
  readonly change: 'added' | 'removed';
}

/** The user's complete set of groups. */
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

/** No event can undo it. An admin can restore the user id, but none of the user's data. */
export interface UserDeleted extends FactBase {
  readonly kind: 'userDeleted';
  readonly platformUserId: PlatformUserId;
}

export interface GroupChanged extends FactBase {
  readonly kind: 'groupChanged';
  readonly groupId: GroupId;
  readonly name?: string;
}

/**
 * Ends every membership of the group that is not newer. The group stays deleted until a newer
 * `groupChanged` restores it, without members.
 */
export interface GroupDeleted extends FactBase {
  readonly kind: 'groupDeleted';
  readonly groupId: GroupId;
}

export type PlatformFact =
  MembershipChanged | MembershipSnapshot | UserChanged | UserDeleted | GroupChanged | GroupDeleted;

/**
 * `unchanged`: the same fact is already recorded. `stale`: another fact outranks it. `partial`:
 * some groups of a snapshot were outranked by other facts.
 */
export type FactVerdict = 'applied' | 'unchanged' | 'stale' | 'partial';

/** The outcome of one fact. `losses` is empty unless the verdict is `stale` or `partial`. */
export interface FactOutcome {
  readonly verdict: FactVerdict;
  readonly losses: readonly FactLoss[];
  /**
   * Deleted groups to which the fact adds a member. The membership takes effect only after the
   * group is sent again.
   */
  readonly deletedGroupIds?: readonly GroupId[];
}

/** One part of an outranked fact, with the recorded fact that outranks it. */
export interface FactLoss {
  /**
   * The group whose membership was outranked. Null: the part is about the user or the group itself.
   */
  readonly groupId: GroupId | null;
  /** The position of the outranked fact; for a mutation, with its time of receipt. */
  readonly order: FactOrder;
  readonly outrankedBy: Outranker;
}

export type Outranker =
  | {
      readonly kind: 'membership';
      readonly order: FactOrder;
      readonly isSnapshot: boolean;
      readonly isHeld: boolean;
    }
  /** The fact's user was deleted. `by`: the caller or event source; null: not recorded. */
  | {
      readonly kind: 'userDeleted';
      readonly order: FactOrder;
      readonly platformUserId: PlatformUserId;
      readonly by: string | null;
    }
  /** A deletion of the user that an admin has undone since. */
  | { readonly kind: 'userRestored'; readonly order: FactOrder }
  | { readonly kind: 'groupDeleted'; readonly order: FactOrder }
  | {
      readonly kind: 'value';
      readonly name: ValueName;
      readonly order: FactOrder;
      readonly value: string | null;
    };

/**
 * The values a fact can set on a user or group. Each has its own position in the order. A group's
 * `life` is 'alive' or 'deleted'.
 */
export type ValueName = 'username' | keyof Attributes | 'name' | 'life';
