import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import { readFence, type StoredFence } from './deletion-fence.js';
import type { Known, KnownUser, UserDeletion, UserRegister } from './known.js';
import { makeGroups, readGroups } from './read-groups.js';
import { readStandings } from './read-standings.js';
import { orderOf } from './stored-order.js';
import type { Fence } from '../entities/platform.entity.js';
import { registersOf } from './stored-registers.js';

/** The recorded state, and which of its users are linked. */
export interface ReadKnown {
  readonly known: Known;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
}

/**
 * Creates unknown users and groups, locks the users (in the order of their ids, so that two batches
 * never deadlock), and reads the recorded state. Facts about a user are serialized by that lock.
 * The rest is read by a later statement: one that waited for a lock would still see the state from
 * before the wait.
 */
export async function readKnown(db: Db, facts: readonly PlatformFact[]): Promise<ReadKnown> {
  const userIds = distinct(
    facts.flatMap((fact) => ('platformUserId' in fact ? [fact.platformUserId] : [])),
  );
  const groupIds = distinct(facts.flatMap(groupsNamedBy));
  const changedIds = distinct(facts.flatMap(groupsChangedBy));
  const users = await lockUsers(db, userIds);
  const asked = { facts, users, userIds, changesGroups: changedIds.length > 0 };
  const seen = await readStandings(db, { ...asked, groupIds });
  const { receivedUs, linkedUserIds, lives } = seen;
  const newIds = groupIds.filter((id) => !lives.has(id));
  for (const [id, life] of await makeGroups(db, newIds)) lives.set(id, life);
  const groups = await readGroups(db, changedIds);
  return { known: { receivedUs, users, groups, lives }, linkedUserIds };
}

function groupsNamedBy(fact: PlatformFact): readonly GroupId[] {
  if (fact.kind === 'membershipSnapshot') return fact.groupIds;
  return 'groupId' in fact ? [fact.groupId] : [];
}

function groupsChangedBy(fact: PlatformFact): readonly GroupId[] {
  return fact.kind === 'groupChanged' || fact.kind === 'groupDeleted' ? [fact.groupId] : [];
}

function distinct<Id extends string>(ids: readonly Id[]): Id[] {
  return [...new Set(ids)].sort();
}

/** Nearly always all users exist, so that is tried first: creating costs more than looking. */
async function lockUsers(
  db: Db,
  ids: readonly PlatformUserId[],
): Promise<Map<PlatformUserId, KnownUser>> {
  const users = new Map<PlatformUserId, KnownUser>();
  if (ids.length === 0) return users;
  await lockKnownUsers(db, ids, users);
  const strangers = ids.filter((id) => !users.has(id));
  if (strangers.length === 0) return users;
  const made = await sql<{ id: PlatformUserId }>`
    insert into platform_user (id) select unnest(${strangers}::text[])
    on conflict do nothing returning id`.execute(db);
  for (const { id } of made.rows) users.set(id, newUser());
  const madeByOthers = strangers.filter((id) => !users.has(id));
  if (madeByOthers.length > 0) await lockKnownUsers(db, madeByOthers, users);
  return users;
}

function newUser(): KnownUser {
  return {
    deletion: null,
    restored: null,
    snapshot: null,
    registers: new Map(),
    memberships: new Map(),
  };
}

async function lockKnownUsers(
  db: Db,
  ids: readonly PlatformUserId[],
  users: Map<PlatformUserId, KnownUser>,
): Promise<void> {
  const { rows } = await sql<UserRow>`
    select id, username, attributes, fences,
           deleted_by, deletion_fence, restored_fence, snapshot_sequence::float8 as snapshot_sequence, snapshot_time_us::float8 as snapshot_time_us, snapshot_is_mutation
    from platform_user where id = any(${ids}::text[]) order by id for no key update`.execute(db);
  for (const row of rows) users.set(row.id, knownUser(row));
}

interface UserRow {
  readonly id: PlatformUserId;
  readonly username: string | null;
  readonly attributes: Readonly<Record<string, string | null>>;
  readonly fences: Readonly<Partial<Record<UserRegister, Fence>>>;
  readonly deleted_by: string | null;
  readonly deletion_fence: StoredFence | null;
  readonly restored_fence: StoredFence | null;
  readonly snapshot_sequence: number | null;
  readonly snapshot_time_us: number | null;
  readonly snapshot_is_mutation: boolean;
}

const USER_REGISTERS = ['username', 'character', 'corporation', 'alliance'] as const;

function knownUser(row: UserRow): KnownUser {
  const values: Readonly<Record<string, string | null>> = {
    ...row.attributes,
    username: row.username,
  };
  return {
    deletion: deletionOf(row),
    restored: readFence(row.restored_fence),
    snapshot:
      row.snapshot_time_us === null
        ? null
        : orderOf(row.snapshot_sequence, row.snapshot_time_us, row.snapshot_is_mutation),
    registers: registersOf(USER_REGISTERS, row.fences, values),
    memberships: new Map(),
  };
}

function deletionOf(row: UserRow): UserDeletion | null {
  const fence = readFence(row.deletion_fence);
  return fence === null ? null : { fence, by: row.deleted_by };
}
