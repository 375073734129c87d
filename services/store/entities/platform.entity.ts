import { defineEntity, p } from '@mikro-orm/core';

import type { GroupId, PlatformUserId } from '../../model.js';

/** `[sequence, timeUs]`; a third element `true` means that a mutation set the value. */
export type Fence = readonly [number | null, number] | readonly [number | null, number, true];

/** Platform users, as reported by the platform. */
export const PlatformUserEntity = defineEntity({
  name: 'PlatformUser',
  tableName: 'platform_user',
  properties: {
    id: p.text().$type<PlatformUserId>().primary(),
    username: p.text().nullable(),
    attributes: p.json().$type<Readonly<Record<string, string | null>>>().defaultRaw(`'{}'`),
    fences: p
      .json()
      .$type<Readonly<Record<string, Fence>>>()
      .defaultRaw(`'{}'`)
      .comment(
        'the order of the username and of each attribute: sequence, time_us, and whether a mutation set it',
      ),
    snapshotSequence: p.bigint('number').nullable(),
    snapshotTimeUs: p
      .bigint('number')
      .nullable()
      .comment(
        'the time of the last complete snapshot of memberships; null: none was received, so unmentioned groups are unknown',
      ),
    deletedAt: p.datetime().nullable(),
    snapshotIsMutation: p
      .boolean()
      .default(false)
      .comment('like membership.is_mutation, for the last complete snapshot'),
    deletionFence: p
      .json()
      .$type<StoredFence>()
      .nullable()
      .comment(
        'like platform_group.deletion_fence, for deletions since the user was last restored; null: not deleted',
      ),
    deletedBy: p.text().nullable().comment('the caller or the event source that deleted the user'),
    restoredFence: p
      .json()
      .$type<StoredFence>()
      .nullable()
      .comment(
        'the deletion fence at the last restore; facts and deletions that are not newer are rejected',
      ),
  },
});

/** A stored DeletionFence: `[sequence, timeUs, latestUs]`. */
export type StoredFence = readonly [number | null, number | null, number];

/** Platform groups, as reported by the platform. */
export const PlatformGroupEntity = defineEntity({
  name: 'PlatformGroup',
  tableName: 'platform_group',
  properties: {
    id: p.text().$type<GroupId>().primary(),
    name: p.text().nullable(),
    fences: p.json().$type<Readonly<Record<string, Fence>>>().defaultRaw(`'{}'`),
    deletedAt: p.datetime().nullable(),
    deletionFence: p
      .json()
      .$type<StoredFence>()
      .nullable()
      .comment(
        '[highest sequence, latest time_us without a sequence, latest time_us] of its deletions; memberships that are not newer have ended',
      ),
  },
  indexes: [
    {
      name: 'platform_group_name',
      expression:
        'create index platform_group_name on platform_group (lower(name) text_pattern_ops)',
    },
  ],
});

/** Pairs of a user and a group: the user is known to be in the group, or known not to be. */
export const MembershipEntity = defineEntity({
  name: 'Membership',
  tableName: 'membership',
  properties: {
    platformUserId: p
      .manyToOne(PlatformUserEntity)
      .mapToPk()
      .joinColumn('platform_user_id')
      .primary()
      .updateRule('no action')
      .deleteRule('no action'),
    groupId: p
      .manyToOne(PlatformGroupEntity)
      .mapToPk()
      .joinColumn('group_id')
      .primary()
      .updateRule('no action')
      .deleteRule('no action'),
    isHeld: p.boolean().comment('false: a tombstone, the user is known not to be in the group'),
    sequence: p.bigint('number').nullable(),
    timeUs: p.bigint('number'),
    isSnapshot: p.boolean(),
    isMutation: p
      .boolean()
      .default(false)
      .comment(
        `true: time_us is when the database received the mutation; false: an event provided it`,
      ),
  },
  indexes: [{ name: 'membership_group', properties: ['groupId', 'platformUserId'] }],
});
