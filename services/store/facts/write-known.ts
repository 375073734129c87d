import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { FactOrder, GroupId, PlatformUserId } from '../../model.js';
import { storedFence } from './deletion-fence.js';
import type { GroupLife, Known, KnownGroup, KnownUser } from './known.js';
import type { Register } from './order.js';
import type { Fence, StoredFence } from '../entities/platform.entity.js';
import type { Folded } from './touched.js';

/**
 * Writes the rows that folding changed, one statement per table. Call it in a pipeline: statements
 * that the caller sends next see these writes.
 */
export async function writeKnown(db: Db, known: Known, folded: Folded): Promise<void> {
  await Promise.all([
    writeUsers(db, entriesOf(known.users, folded.touchedUsers)),
    writeGroups(db, known, entriesOf(known.groups, folded.touchedGroups)),
    writeMemberships(db, known, folded),
  ]);
}

function entriesOf<Id, Row>(
  rows: ReadonlyMap<Id, Row>,
  ids: ReadonlySet<Id>,
): (readonly [Id, Row])[] {
  return [...ids].flatMap((id) => {
    const row = rows.get(id);
    return row === undefined ? [] : [[id, row] as const];
  });
}

/**
 * Writes the users. A deleted user keeps the id and the positions of its values but no personal
 * data, so that late events are recognised as late.
 */
async function writeUsers(
  db: Db,
  users: readonly (readonly [PlatformUserId, KnownUser])[],
): Promise<void> {
  if (users.length === 0) return;
  const rows = users.map(([id, user]) => ({
    id,
    username: user.deletion === null ? (user.registers.get('username')?.value ?? null) : null,
    attributes: user.deletion === null ? attributesOf(user) : {},
    fences: fencesOf(user.registers),
    snapshot_sequence: user.snapshot?.sequence ?? null,
    snapshot_time_us: user.snapshot?.timeUs ?? null,
    snapshot_is_mutation: user.snapshot?.isMutation ?? false,
    deletion_fence: user.deletion && storedFence(user.deletion.fence),
    deleted_by: user.deletion?.by ?? null,
  }));
  await sql`
    update platform_user u set
      username = n.username, attributes = n.attributes, fences = n.fences,
      snapshot_sequence = n.snapshot_sequence, snapshot_time_us = n.snapshot_time_us,
      snapshot_is_mutation = n.snapshot_is_mutation,
      deleted_at = case when n.deletion_fence is not null then coalesce(u.deleted_at, now()) end,
      deletion_fence = n.deletion_fence, deleted_by = n.deleted_by
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n (id text, username text, attributes jsonb,
      fences jsonb, snapshot_sequence bigint, snapshot_time_us bigint, snapshot_is_mutation boolean,
      deletion_fence jsonb, deleted_by text)
    where u.id = n.id`.execute(db);
}

function attributesOf(user: KnownUser): Record<string, string | null> {
  const attributes = [...user.registers].filter(([name]) => name !== 'username');
  return Object.fromEntries(attributes.map(([name, register]) => [name, register.value]));
}

function fencesOf(registers: ReadonlyMap<string, Register>): Record<string, Fence> {
  return Object.fromEntries([...registers].map(([name, { order }]) => [name, fenceOf(order)]));
}

function fenceOf({ sequence, timeUs, isMutation }: FactOrder): Fence {
  return isMutation ? [sequence, timeUs, true] : [sequence, timeUs];
}

async function writeGroups(
  db: Db,
  { lives }: Known,
  groups: readonly (readonly [GroupId, KnownGroup])[],
): Promise<void> {
  if (groups.length === 0) return;
  const rows = groups.map(([id, group]) => ({
    id,
    name: group.registers.get('name')?.value ?? null,
    fences: fencesOf(group.registers),
    is_deleted: group.isDeleted,
    deletion_fence: fenceOfGroup(lives.get(id)),
  }));
  await sql`
    update platform_group g set
      name = n.name, fences = n.fences,
      deleted_at = case when n.is_deleted then coalesce(g.deleted_at, now()) end,
      deletion_fence = n.deletion_fence
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as n (id text, name text, fences jsonb, is_deleted boolean, deletion_fence jsonb)
    where g.id = n.id`.execute(db);
}

function fenceOfGroup(life: GroupLife | undefined): StoredFence | null {
  return life?.fence ? storedFence(life.fence) : null;
}

/** Writes memberships in a fixed order, because the deletion of a group locks these rows too. */
async function writeMemberships(db: Db, known: Known, folded: Folded): Promise<void> {
  const rows = [...folded.touchedMemberships].flatMap(([userId, groupIds]) =>
    [...groupIds].flatMap((groupId) => {
      const standing = known.users.get(userId)?.memberships.get(groupId);
      return standing === undefined ? [] : [{ userId, groupId, ...standing }];
    }),
  );
  if (rows.length === 0) return;
  rows.sort((a, b) => compareText(a.userId, b.userId) || compareText(a.groupId, b.groupId));
  await sql`
    insert into membership (platform_user_id, group_id, is_held, is_snapshot, is_mutation, sequence, time_us)
    select * from unnest(${rows.map((row) => row.userId)}::text[], ${rows.map((row) => row.groupId)}::text[],
      ${rows.map((row) => row.isHeld)}::boolean[], ${rows.map((row) => row.isSnapshot)}::boolean[],
      ${rows.map((row) => row.order.isMutation ?? false)}::boolean[],
      ${rows.map((row) => row.order.sequence)}::bigint[], ${rows.map((row) => row.order.timeUs)}::bigint[])
    on conflict (platform_user_id, group_id) do update set
      is_held = excluded.is_held, is_snapshot = excluded.is_snapshot, is_mutation = excluded.is_mutation,
      sequence = excluded.sequence, time_us = excluded.time_us`.execute(db);
}

/** The order is arbitrary, but must be the same everywhere. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
