import { InputError } from '../lib/errors.js';
import type {
  Attributes,
  Cause,
  FactOrder,
  GroupChanged,
  MembershipChanged,
  MembershipSnapshot,
  UserChanged,
  UserDeleted,
} from '../model.js';
import {
  checkDistinct,
  checkList,
  checkPlatformId,
  checkText,
  isGiven,
} from './inputs/checks.js';
import type {
  MembershipChangeInput,
  MembershipSetInput,
  PlatformGroupInput,
  PlatformUserAttributesInput,
  PlatformUserInput,
} from './inputs/facts.input.js';

/** The request that tells facts: who, and when it was received. */
export interface Receipt {
  readonly cause: Cause;
  readonly timeUs: number;
}

export function membershipChanges(
  changes: readonly MembershipChangeInput[],
  receipt: Receipt,
): MembershipChanged[] {
  const field = 'input.changes';
  const facts = checkList(changes, field).map(
    (item, index): MembershipChanged => {
      const groupId = checkPlatformId(
        item.groupId,
        `${field}[${index}].groupId`,
      );
      return {
        kind: 'membershipChanged',
        platformUserId: checkPlatformId(
          item.platformUserId,
          `${field}[${index}].platformUserId`,
        ),
        groupId,
        change: item.change === 'ADDED' ? 'added' : 'removed',
        order: orderOf(item.sequence, receipt),
        cause: { ...receipt.cause, groupId },
      };
    },
  );
  refuseUnordered(facts, field);
  return facts;
}

/** Facts of one call are received at one moment: only sequences tell which of two about the same membership is later. */
function refuseUnordered(
  facts: readonly MembershipChanged[],
  field: string,
): void {
  const seen = new Map<string, number>();
  for (const [index, fact] of facts.entries()) {
    if (fact.order.sequence !== null) continue;
    const key = JSON.stringify([fact.platformUserId, fact.groupId]);
    const first = seen.get(key);
    if (first !== undefined)
      throw new InputError(
        'BAD_USER_INPUT',
        `The same user and group stand already at ${field}[${first}]; give both a sequence to say which is later.`,
        `${field}[${index}].groupId`,
      );
    seen.set(key, index);
  }
}

export function membershipSets(
  users: readonly MembershipSetInput[],
  receipt: Receipt,
): MembershipSnapshot[] {
  const field = 'input.users';
  const facts = checkList(users, field).map(
    (item, index): MembershipSnapshot => ({
      kind: 'membershipSnapshot',
      platformUserId: checkPlatformId(
        item.platformUserId,
        `${field}[${index}].platformUserId`,
      ),
      groupIds: groupsOf(item.groupIds, `${field}[${index}].groupIds`),
      order: orderOf(item.sequence, receipt),
      cause: receipt.cause,
    }),
  );
  checkDistinct(
    facts,
    (fact) => fact.platformUserId,
    (index) => `${field}[${index}].platformUserId`,
  );
  return facts;
}

function groupsOf(ids: readonly string[], field: string): readonly string[] {
  const checked = checkList(ids, field).map((id, index) =>
    checkPlatformId(id, `${field}[${index}]`),
  );
  checkDistinct(
    checked,
    (id) => id,
    (index) => `${field}[${index}]`,
  );
  return checked;
}

export function userChanges(
  users: readonly PlatformUserInput[],
  receipt: Receipt,
): UserChanged[] {
  const field = 'input.users';
  const facts = checkList(users, field).map((item, index) => {
    const at = `${field}[${index}]`;
    return {
      kind: 'userChanged' as const,
      platformUserId: checkPlatformId(item.id, `${at}.id`),
      username: checkText(item.username, `${at}.username`, 255),
      ...(isGiven(item.attributes)
        ? { attributes: toAttributes(item.attributes, `${at}.attributes`) }
        : {}),
      order: orderOf(null, receipt),
      cause: receipt.cause,
    };
  });
  checkDistinct(
    facts,
    (fact) => fact.platformUserId,
    (index) => `${field}[${index}].id`,
  );
  return facts;
}

function toAttributes(
  input: PlatformUserAttributesInput,
  field: string,
): Attributes {
  const attributes: { -readonly [Name in keyof Attributes]: Attributes[Name] } =
    {};
  for (const name of ['character', 'corporation', 'alliance'] as const) {
    const value = input[name];
    if (value === undefined) continue;
    attributes[name] =
      value === null ? null : checkText(value, `${field}.${name}`, 255);
  }
  return attributes;
}

export function groupChanges(
  groups: readonly PlatformGroupInput[],
  receipt: Receipt,
): GroupChanged[] {
  const field = 'input.groups';
  const facts = checkList(groups, field).map((item, index) => {
    const groupId = checkPlatformId(item.id, `${field}[${index}].id`);
    return {
      kind: 'groupChanged' as const,
      groupId,
      name: checkText(item.name, `${field}[${index}].name`, 255),
      order: orderOf(null, receipt),
      cause: { ...receipt.cause, groupId },
    };
  });
  checkDistinct(
    facts,
    (fact) => fact.groupId,
    (index) => `${field}[${index}].id`,
  );
  return facts;
}

export function userDeleted(
  platformUserId: string,
  receipt: Receipt,
): UserDeleted {
  return {
    kind: 'userDeleted',
    platformUserId: checkPlatformId(platformUserId, 'input.platformUserId'),
    order: orderOf(null, receipt),
    cause: receipt.cause,
  };
}

const orderOf = (
  sequence: number | null | undefined,
  receipt: Receipt,
): FactOrder => ({ sequence: sequence ?? null, timeUs: receipt.timeUs });
