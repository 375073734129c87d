import { sql, type Kysely } from 'kysely';

import type { GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import type { Known, KnownGroup, KnownUser, UserRegister } from './known.js';
import type { Register } from './order.js';
import { orderOf, readStandings } from './read-standings.js';

/** `[sequence, timeUs]`, as the fences columns keep it; `true` behind them marks a mutation. */
export type Fence =
  readonly [number | null, number] | readonly [number | null, number, true];

/** What stands, and of whom anything is asked of Discord at all. */
export interface ReadKnown {
  readonly known: Known;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
}

/**
 * Makes the users and groups that were never seen, locks the users (always in the order of their ids, so that two batches never
 * wait for each other), and reads what stands about them. Everything said about a user takes turns on that lock. The rest is read
 * after it, by a statement of its own: one that waited for a lock still sees what was there before it waited.
 */
export async function readKnown(
  db: Kysely<unknown>,
  facts: readonly PlatformFact[],
): Promise<ReadKnown> {
  const userIds = distinct(
    facts.flatMap((fact) =>
      'platformUserId' in fact ? [fact.platformUserId] : [],
    ),
  );
  const groupIds = distinct(facts.flatMap(groupsNamedBy));
  const users = await lockUsers(db, userIds);
  const seen = await readStandings(db, { facts, users, userIds, groupIds });
  await makeGroups(
    db,
    groupIds.filter((id) => !seen.groupIds.has(id)),
  );
  const groups = await lockGroups(db, distinct(facts.flatMap(groupsChangedBy)));
  const { receivedUs, linkedUserIds } = seen;
  return { known: { receivedUs, users, groups }, linkedUserIds };
}

function groupsNamedBy(fact: PlatformFact): readonly GroupId[] {
  if (fact.kind === 'membershipSnapshot') return fact.groupIds;
  return 'groupId' in fact ? [fact.groupId] : [];
}

function groupsChangedBy(fact: PlatformFact): readonly GroupId[] {
  return fact.kind === 'groupChanged' || fact.kind === 'groupDeleted'
    ? [fact.groupId]
    : [];
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
    isDeleted: false,
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
    select id, username, attributes, fences, deleted_at is not null as is_deleted,
           snapshot_sequence::float8 as snapshot_sequence, snapshot_time_us::float8 as snapshot_time_us, snapshot_is_mutation
    from platform_user where id = any(${ids}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows) users.set(row.id, knownUser(row));
}

interface UserRow {
  readonly id: PlatformUserId;
  readonly username: string | null;
  readonly attributes: Readonly<Record<string, string | null>>;
  readonly fences: Readonly<Partial<Record<UserRegister, Fence>>>;
  readonly is_deleted: boolean;
  readonly snapshot_sequence: number | null;
  readonly snapshot_time_us: number | null;
  readonly snapshot_is_mutation: boolean;
}

const USER_REGISTERS = [
  'username',
  'character',
  'corporation',
  'alliance',
] as const;

function knownUser(row: UserRow): KnownUser {
  const values: Readonly<Record<string, string | null>> = {
    ...row.attributes,
    username: row.username,
  };
  return {
    isDeleted: row.is_deleted,
    snapshot:
      row.snapshot_time_us === null
        ? null
        : orderOf(
            row.snapshot_sequence,
            row.snapshot_time_us,
            row.snapshot_is_mutation,
          ),
    registers: registersOf(USER_REGISTERS, row.fences, values),
    memberships: new Map(),
  };
}

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

async function makeGroups(
  db: Kysely<unknown>,
  ids: readonly GroupId[],
): Promise<void> {
  if (ids.length === 0) return;
  await sql`insert into platform_group (id) select unnest(${ids}::text[]) on conflict do nothing`.execute(
    db,
  );
}

async function lockGroups(
  db: Kysely<unknown>,
  changedIds: readonly GroupId[],
): Promise<Map<GroupId, KnownGroup>> {
  const groups = new Map<GroupId, KnownGroup>();
  if (changedIds.length === 0) return groups;
  const { rows } = await sql<GroupRow>`
    select id, name, fences, deleted_at is not null as is_deleted
    from platform_group where id = any(${changedIds}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows) {
    const values = {
      name: row.name,
      life: row.is_deleted ? 'deleted' : 'alive',
    };
    groups.set(row.id, {
      isDeleted: row.is_deleted,
      registers: registersOf(['name', 'life'], row.fences, values),
    });
  }
  return groups;
}

interface GroupRow {
  readonly id: GroupId;
  readonly name: string | null;
  readonly fences: Readonly<Partial<Record<'name' | 'life', Fence>>>;
  readonly is_deleted: boolean;
}
