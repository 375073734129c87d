import type { Cause, GroupId, PlatformUserId } from './base.js';

/**
 * A position in the total order of facts: any with `sequence` outranks any without; then by
 * `sequence`, or by `timeUs` (microseconds since 1970, because events carry more than
 * milliseconds).
 */
export interface FactOrder {
  readonly sequence: number | null;
  readonly timeUs: number;
  /** The time is the database's when it received a mutation. Absent: an event brought it. */
  readonly isMutation?: true;
}

/**
 * The position a fact claims. `timeUs: null`: a mutation, whose time is set when the database
 * receives it.
 */
export interface ClaimedOrder {
  readonly sequence: number | null;
  readonly timeUs: number | null;
}

/** What the platform may say about a user besides the username; nickname variables use it. */
export const ATTRIBUTE_NAMES = ['character', 'corporation', 'alliance'] as const;
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** Null: the platform says that there is none. Absent: it says nothing. */
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

/** Final for events: only an admin can restore the id, and only the id. */
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
 * Ends every membership that is not newer. The group stays deleted until a newer `groupChanged`
 * restores it, empty.
 */
export interface GroupDeleted extends FactBase {
  readonly kind: 'groupDeleted';
  readonly groupId: GroupId;
}

export type PlatformFact =
  MembershipChanged | MembershipSnapshot | UserChanged | UserDeleted | GroupChanged | GroupDeleted;

/**
 * `unchanged`: the same fact is already recorded. `stale`: another fact outranks it. `partial`: a
 * complete set of which some groups lost to other facts.
 */
export type FactVerdict = 'applied' | 'unchanged' | 'stale' | 'partial';

/** The outcome of one fact. `losses` is empty unless the verdict is `stale` or `partial`. */
export interface FactOutcome {
  readonly verdict: FactVerdict;
  readonly losses: readonly FactLoss[];
  /**
   * Deleted groups that the fact adds a member to; this takes effect only when they are sent again.
   */
  readonly deletedGroupIds?: readonly GroupId[];
}

/** One statement of a fact that lost, with the recorded fact that outranks it. */
export interface FactLoss {
  /** Null: the statement is about the user or the group itself. */
  readonly groupId: GroupId | null;
  /** The position of the fact that lost; for a mutation, with the time of its receipt. */
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
  /** The user of the fact was deleted. `by`: the caller or event source; null: not recorded. */
  | {
      readonly kind: 'userDeleted';
      readonly order: FactOrder;
      readonly platformUserId: PlatformUserId;
      readonly by: string | null;
    }
  /** A deletion that an admin has lifted since. */
  | { readonly kind: 'userRestored'; readonly order: FactOrder }
  | { readonly kind: 'groupDeleted'; readonly order: FactOrder }
  | {
      readonly kind: 'value';
      readonly name: ValueName;
      readonly order: FactOrder;
      readonly value: string | null;
    };

/**
 * The values a fact can set on a user or a group, each with its own position in the order. `life`
 * of a group: 'alive' or 'deleted'.
 */
export type ValueName = 'username' | keyof Attributes | 'name' | 'life';
