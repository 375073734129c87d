import { isEmptyText, MAX_CHARACTERS } from '../../lib/platform-values.js';
import {
  ATTRIBUTE_NAMES,
  type Attributes,
  type Cause,
  type ClaimedOrder,
  type GroupChanged,
  type MembershipChanged,
  type MembershipSnapshot,
  type UserChanged,
  type UserDeleted,
} from '../../model.js';
import {
  checkInputText,
  checkList,
  checkPlatformId,
  isGiven,
  type Item,
  readItems,
  refuseTwins,
} from '../kit/checks.js';
import { Field, ID, InputType } from '../kit/decorators.js';
import { type MembershipChangeKind, MembershipChangeKindEnum } from '../kit/enums.js';
import { Sequence } from '../kit/scalars.js';

const SEQUENCE =
  "The fact's position in the order of facts about this user and group. A fact with a sequence outranks any without. When omitted, the fact is ordered by the time the database receives it.";

@InputType({ description: 'A membership that was added or removed.' })
export class MembershipChangeInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => MembershipChangeKindEnum, {
    description: 'Whether the user was added to the group or removed from it.',
  })
  readonly change!: MembershipChangeKind;

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Membership changes.' })
export class RecordMembershipChangesInput {
  @Field(() => [MembershipChangeInput], {
    description:
      'Up to 5,000 changes. Two changes of the same user and group both need a sequence; without one, both are rejected.',
  })
  readonly changes!: readonly MembershipChangeInput[];
}

@InputType({ description: "The complete set of a user's groups." })
export class MembershipSetInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;

  @Field(() => [ID], {
    description:
      'Ids of every group the user is in. The user is known not to be in any other group. A repeated id counts once.',
  })
  readonly groupIds!: readonly string[];

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Complete sets of groups by user.' })
export class ReplaceMembershipsInput {
  @Field(() => [MembershipSetInput], {
    description: 'Up to 5,000 users with up to 5,000 groups each. A user listed twice is rejected.',
  })
  readonly users!: readonly MembershipSetInput[];
}

@InputType({ description: 'Attributes of a platform user, used in nicknames.' })
export class PlatformUserAttributesInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Name of the primary character. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly character?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the corporation. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly corporation?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the alliance. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly alliance?: string | null;
}

@InputType({ description: 'The current state of a platform user.' })
export class PlatformUserInput {
  @Field(() => ID, { description: "The user's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Field(() => String, { description: 'The user name.' })
  readonly username!: string;

  @Field(() => PlatformUserAttributesInput, {
    nullable: true,
    description: 'Attributes used in nicknames. Omitted: unchanged.',
  })
  readonly attributes?: PlatformUserAttributesInput | null;
}

@InputType({ description: 'Users to create or update.' })
export class UpsertPlatformUsersInput {
  @Field(() => [PlatformUserInput], { description: 'Up to 5,000 users, each listed once.' })
  readonly users!: readonly PlatformUserInput[];
}

@InputType({ description: 'The current state of a group.' })
export class PlatformGroupInput {
  @Field(() => ID, { description: "The group's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Field(() => String, { description: "The group's name." })
  readonly name!: string;
}

@InputType({ description: 'Groups to create or update.' })
export class UpsertPlatformGroupsInput {
  @Field(() => [PlatformGroupInput], { description: 'Up to 5,000 groups, each listed once.' })
  readonly groups!: readonly PlatformGroupInput[];
}

@InputType({
  description:
    'The platform user to delete. Its links end, and facts about it are ignored until an admin restores it.',
})
export class DeletePlatformUserInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;
}

@InputType({ description: 'The deleted platform user to restore.' })
export class RestorePlatformUserInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;
}

/** For each item of the input, its fact or its error. */
export type FactList<Fact> = readonly Item<Fact>[];

const ONCE = 'List each one once.';

export function membershipChanges(
  changes: readonly MembershipChangeInput[],
  cause: Cause,
): FactList<MembershipChanged> {
  const field = 'input.changes';
  const items = readItems(changes, field, (item, at): MembershipChanged => {
    const groupId = checkPlatformId(item.groupId, `${at}.groupId`);
    const user = checkPlatformId(item.platformUserId, `${at}.platformUserId`);
    return {
      kind: 'membershipChanged',
      platformUserId: user,
      groupId,
      change: item.change === 'ADDED' ? 'added' : 'removed',
      order: orderOf(item.sequence),
      cause: { ...cause, groupId },
    };
  });
  // All facts of one call get the same time, so only sequences can order two facts about the same
  // membership.
  return refuseTwins(items, {
    keyOf: ({ order, platformUserId, groupId }) =>
      order.sequence === null ? JSON.stringify([platformUserId, groupId]) : null,
    fieldOf: (index) => `${field}[${index}].groupId`,
    why: 'Give both a sequence to show which is later.',
  });
}

export function membershipSets(
  users: readonly MembershipSetInput[],
  cause: Cause,
): FactList<MembershipSnapshot> {
  const field = 'input.users';
  const items = readItems(users, field, (item, at): MembershipSnapshot => ({
    kind: 'membershipSnapshot',
    platformUserId: checkPlatformId(item.platformUserId, `${at}.platformUserId`),
    groupIds: groupsOf(item.groupIds, `${at}.groupIds`),
    order: orderOf(item.sequence),
    cause,
  }));
  return refuseTwins(items, {
    keyOf: (fact) => fact.platformUserId,
    fieldOf: (index) => `${field}[${index}].platformUserId`,
    why: ONCE,
  });
}

function groupsOf(ids: readonly string[], field: string): readonly string[] {
  const checked = checkList(ids, field).map((id, index) =>
    checkPlatformId(id, `${field}[${index}]`),
  );
  return [...new Set(checked)];
}

export function userChanges(
  users: readonly PlatformUserInput[],
  cause: Cause,
): FactList<UserChanged> {
  const field = 'input.users';
  const items = readItems(users, field, (item, at): UserChanged => ({
    kind: 'userChanged',
    platformUserId: checkPlatformId(item.id, `${at}.id`),
    username: checkInputText(item.username, `${at}.username`, MAX_CHARACTERS),
    ...(isGiven(item.attributes)
      ? { attributes: toAttributes(item.attributes, `${at}.attributes`) }
      : {}),
    order: orderOf(null),
    cause,
  }));
  return refuseTwins(items, {
    keyOf: (fact) => fact.platformUserId,
    fieldOf: (index) => `${field}[${index}].id`,
    why: ONCE,
  });
}

function toAttributes(input: PlatformUserAttributesInput, field: string): Attributes {
  const attributes: { -readonly [Name in keyof Attributes]: Attributes[Name] } = {};
  for (const name of ATTRIBUTE_NAMES) {
    const value = input[name];
    if (value === undefined) continue;
    attributes[name] = isEmptyText(value)
      ? null
      : checkInputText(value, `${field}.${name}`, MAX_CHARACTERS);
  }
  return attributes;
}

export function groupChanges(
  groups: readonly PlatformGroupInput[],
  cause: Cause,
): FactList<GroupChanged> {
  const field = 'input.groups';
  const items = readItems(groups, field, (item, at): GroupChanged => {
    const groupId = checkPlatformId(item.id, `${at}.id`);
    return {
      kind: 'groupChanged',
      groupId,
      name: checkInputText(item.name, `${at}.name`, MAX_CHARACTERS),
      order: orderOf(null),
      cause: { ...cause, groupId },
    };
  });
  return refuseTwins(items, {
    keyOf: (fact) => fact.groupId,
    fieldOf: (index) => `${field}[${index}].id`,
    why: ONCE,
  });
}

export function userDeleted(platformUserId: string, cause: Cause): UserDeleted {
  return {
    kind: 'userDeleted',
    platformUserId: checkPlatformId(platformUserId, 'input.platformUserId'),
    order: orderOf(null),
    cause,
  };
}

/** Returns an order without a time: the database sets the time when it receives the mutation. */
const orderOf = (sequence: number | null | undefined): ClaimedOrder => ({
  sequence: sequence ?? null,
  timeUs: null,
});
