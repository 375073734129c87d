import type {
  Attributes,
  Cause,
  ClaimedOrder,
  GroupChanged,
  MembershipChanged,
  MembershipSnapshot,
  UserChanged,
  UserDeleted,
} from '../../model.js';
import { isEmptyText, MAX_CHARACTERS } from '../../lib/platform-values.js';
import {
  checkInputText,
  checkList,
  checkPlatformId,
  isGiven,
  type Item,
  readItems,
  refuseTwins,
} from '../kit/checks.js';
import type {
  MembershipChangeInput,
  MembershipSetInput,
  PlatformGroupInput,
  PlatformUserAttributesInput,
  PlatformUserInput,
} from './facts.input.js';

/** One fact per item, or the item's error. */
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
  // Facts of one call have the same time: only sequences can order two about the same membership.
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
  for (const name of ['character', 'corporation', 'alliance'] as const) {
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

/** A mutation happens when the database receives it. */
const orderOf = (sequence: number | null | undefined): ClaimedOrder => ({
  sequence: sequence ?? null,
  timeUs: null,
});
