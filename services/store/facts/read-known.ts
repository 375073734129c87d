import { sql } from 'kysely';

import {
  ATTRIBUTE_NAMES,
  type GroupId,
  type PlatformFact,
  type PlatformUserId,
} from '../../model.js';
import { columns, type RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import type { Fence } from '../entities/platform.entity.js';
import { readFence } from './deletion-fence.js';
import type { GroupLife, Known, KnownGroup, KnownUser, UserDeletion } from './known.js';
import { orderOf, type Register } from './order.js';
import { readStandings, type Standings } from './read-standings.js';

/** The recorded state, and which of the users are linked. */
interface ReadKnown {
  readonly known: Known;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
}

/**
 * Creates unknown users and groups, locks the users (in the order of their ids, so that two batches
 * never deadlock), and reads the recorded state. The lock serializes facts about a user.
 * Memberships are read by a later statement, because a statement that waited for a lock still sees
 * the rows from before the wait. Call it in a pipeline, where all of this nearly always takes one
 * round trip.
 */
export async function readKnown(db: Db, facts: readonly PlatformFact[]): Promise<ReadKnown> {
  const userIds = distinct(
    facts.flatMap((fact) => ('platformUserId' in fact ? [fact.platformUserId] : [])),
  );
  const groupIds = distinct(facts.flatMap(groupsNamedBy));
  const changedIds = distinct(facts.flatMap(groupsChangedBy));
  const asked = { facts, userIds, groupIds, changesGroups: changedIds.length > 0 };
  const { users, seen } = await lockUsers(db, userIds, () => readStandings(db, asked));
  const { receivedUs, memberships, linkedUserIds, lives } = seen;
  for (const { platformUserId, groupId, fact } of memberships)
    users.get(platformUserId)?.memberships.set(groupId, fact);
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

/**
 * Locks and reads users, creates missing ones, and calls `readRest` to read what the locks protect.
 * If another transaction has created one of the users meanwhile, locks that user and calls
 * `readRest` again.
 */
async function lockUsers(
  db: Db,
  ids: readonly PlatformUserId[],
  readRest: () => Promise<Standings>,
): Promise<{ readonly users: Map<PlatformUserId, KnownUser>; readonly seen: Standings }> {
  if (ids.length === 0) return { users: new Map(), seen: await readRest() };
  const [known, made, seen] = await Promise.all([
    lockKnownUsers(db, ids),
    makeUsers(db, ids),
    readRest(),
  ]);
  const users = new Map([...known, ...made]);
  const madeByOthers = ids.filter((id) => !users.has(id));
  if (madeByOthers.length === 0) return { users, seen };
  const [others, seenAgain] = await Promise.all([lockKnownUsers(db, madeByOthers), readRest()]);
  return { users: new Map([...users, ...others]), seen: seenAgain };
}

async function makeUsers(
  db: Db,
  ids: readonly PlatformUserId[],
): Promise<readonly (readonly [PlatformUserId, KnownUser])[]> {
  const { rows } = await sql<{ id: PlatformUserId }>`
    insert into platform_user (id)
    select n.id from unnest(${ids}::text[]) as n (id)
    where not exists (select from platform_user u where u.id = n.id)
    on conflict do nothing returning id`.execute(db);
  return rows.map(({ id }) => [id, newUser()]);
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
): Promise<readonly (readonly [PlatformUserId, KnownUser])[]> {
  const { rows } = await sql<UserRow>`
    select ${columns<'platform_user'>(USER)}, snapshot_sequence::float8 as "snapshotSequence",
      snapshot_time_us::float8 as "snapshotTimeUs"
    from platform_user where id = any(${ids}::text[]) order by id for no key update`.execute(db);
  return rows.map((row) => [row.id, knownUser(row)]);
}

const USER = [
  'id',
  'username',
  'attributes',
  'fences',
  'deletedBy',
  'deletionFence',
  'restoredFence',
  'snapshotIsMutation',
] as const;

type UserRow = RawRow<
  'platform_user',
  (typeof USER)[number] | 'snapshotSequence' | 'snapshotTimeUs'
>;

const USER_REGISTERS = ['username', ...ATTRIBUTE_NAMES] as const;

function knownUser(row: UserRow): KnownUser {
  const values: Readonly<Record<string, string | null>> = {
    ...row.attributes,
    username: row.username,
  };
  return {
    deletion: deletionOf(row),
    restored: readFence(row.restoredFence),
    snapshot:
      row.snapshotTimeUs === null
        ? null
        : orderOf(row.snapshotSequence, row.snapshotTimeUs, row.snapshotIsMutation),
    registers: registersOf(USER_REGISTERS, row.fences, values),
    memberships: new Map(),
  };
}

function deletionOf(row: UserRow): UserDeletion | null {
  const fence = readFence(row.deletionFence);
  return fence === null ? null : { fence, by: row.deletedBy };
}

/**
 * Creates groups. If another transaction has created one meanwhile, reads it, because it may be
 * deleted already.
 */
async function makeGroups(
  db: Db,
  ids: readonly GroupId[],
): Promise<ReadonlyMap<GroupId, GroupLife>> {
  const lives = new Map<GroupId, GroupLife>();
  if (ids.length === 0) return lives;
  const made = await sql<{ id: GroupId }>`
    insert into platform_group (id) select unnest(${ids}::text[])
    on conflict do nothing returning id`.execute(db);
  for (const { id } of made.rows) lives.set(id, { isDeleted: false, fence: null });
  const madeByOthers = ids.filter((id) => !lives.has(id));
  if (madeByOthers.length === 0) return lives;
  const { rows } = await sql<LifeRow>`
    select id, deleted_at is not null as "isDeleted", deletion_fence as "deletionFence"
    from platform_group where id = any(${madeByOthers}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows)
    lives.set(row.id, {
      isDeleted: row.isDeleted,
      fence: readFence(row.deletionFence),
    });
  return lives;
}

type LifeRow = RawRow<'platform_group', 'id' | 'deletionFence'> & { readonly isDeleted: boolean };

/** Reads the groups that facts change. They are already locked, except those just created. */
async function readGroups(
  db: Db,
  changedIds: readonly GroupId[],
): Promise<Map<GroupId, KnownGroup>> {
  const groups = new Map<GroupId, KnownGroup>();
  if (changedIds.length === 0) return groups;
  const { rows } = await sql<GroupRow>`
    select id, name, fences, deleted_at is not null as "isDeleted"
    from platform_group where id = any(${changedIds}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows) {
    const values = {
      name: row.name,
      life: row.isDeleted ? 'deleted' : 'alive',
    };
    groups.set(row.id, {
      isDeleted: row.isDeleted,
      registers: registersOf(['name', 'life'], row.fences, values),
    });
  }
  return groups;
}

type GroupRow = RawRow<'platform_group', 'id' | 'name' | 'fences'> & {
  readonly isDeleted: boolean;
};

function registersOf<Name extends string>(
  names: readonly Name[],
  fences: Readonly<Partial<Record<Name, Fence>>>,
  values: Readonly<Record<string, string | null>>,
): Map<Name, Register> {
  const registers = new Map<Name, Register>();
  for (const name of names) {
    const fence = fences[name];
    if (fence === undefined) continue;
    registers.set(name, {
      order: orderOf(fence[0], fence[1], fence[2] === true),
      value: values[name] ?? null,
    });
  }
  return registers;
}
