import { sql, type Kysely } from 'kysely';

import type { GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import { readFence, type StoredFence } from './deletion-fence.js';
import type { Known, KnownUser, UserDeletion, UserRegister } from './known.js';
import { makeGroups, readGroups } from './read-groups.js';
import { readStandings } from './read-standings.js';
import { orderOf } from './stored-order.js';
import { registersOf, type Fence } from './stored-registers.js';

/** What stands, and of whom anything is asked of Discord at all. */
export interface ReadKnown {
  readonly known: Known;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
}

/**
 * Makes the users and groups that were never seen, locks the users (always in the order of their
 * ids, so that two batches never wait for each other), and reads what stands about them. Everything
 * said about a user takes turns on that lock. The rest is read after it, by a statement of its own:
 * one that waited for a lock still sees what was there before it waited.
 */
export async function readKnown(
  db: Kysely<unknown>,
  facts: readonly PlatformFact[],
): Promise<ReadKnown> {
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

/** Nearly always all of them are known, so that is tried first: making costs more than looking. */
async function lockUsers(
  db: Kysely<unknown>,
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
  db: Kysely<unknown>,
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
