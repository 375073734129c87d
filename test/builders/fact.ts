import type {
  Cause,
  FactOrder,
  GroupChanged,
  GroupDeleted,
  MembershipChanged,
  MembershipSnapshot,
  UserChanged,
  UserDeleted,
} from '../../services/model.js';

const cause: Cause = { kind: 'EVENT', id: 'event-1', actor: '/platform' };
const order: FactOrder = {
  sequence: null,
  timeUs: Date.UTC(2026, 2, 14, 15, 9, 26) * 1000,
};

export function membershipChanged(its: Partial<MembershipChanged> = {}): MembershipChanged {
  const groupId = its.groupId ?? 'miners';
  return {
    kind: 'membershipChanged',
    platformUserId: 'user-7',
    change: 'added',
    order,
    cause: { ...cause, groupId },
    ...its,
    groupId,
  };
}

export function membershipSnapshot(its: Partial<MembershipSnapshot> = {}): MembershipSnapshot {
  return {
    kind: 'membershipSnapshot',
    platformUserId: 'user-7',
    groupIds: ['miners'],
    order,
    cause,
    ...its,
  };
}

export function userChanged(its: Partial<UserChanged> = {}): UserChanged {
  return {
    kind: 'userChanged',
    platformUserId: 'user-7',
    username: 'ada',
    order,
    cause,
    ...its,
  };
}

export function userDeleted(its: Partial<UserDeleted> = {}): UserDeleted {
  return {
    kind: 'userDeleted',
    platformUserId: 'user-7',
    order,
    cause,
    ...its,
  };
}

export function groupChanged(its: Partial<GroupChanged> = {}): GroupChanged {
  return { kind: 'groupChanged', groupId: 'miners', order, cause, ...its };
}

export function groupDeleted(its: Partial<GroupDeleted> = {}): GroupDeleted {
  return { kind: 'groupDeleted', groupId: 'miners', order, cause, ...its };
}
