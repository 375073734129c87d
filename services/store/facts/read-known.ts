import { sql, type Kysely } from 'kysely';

import type {
  FactOrder,
  GroupId,
  PlatformFact,
  PlatformUserId,
} from '../../model.js';
import type { Known, KnownGroup, KnownUser, UserRegister } from './known.js';
import type { Register, Standing } from './order.js';

/** `[sequence, timeUs]`, as the fences columns keep it. */
export type Fence = readonly [number | null, number];

/**
 * Makes the users and groups that were never seen, locks the users (always in the order of their ids, so that two batches never
 * wait for each other), and reads what stands about them. Everything said about a user takes turns on that lock.
 */
export async function readKnown(
  db: Kysely<unknown>,
  facts: readonly PlatformFact[],
): Promise<Known> {
  const userIds = distinct(
    facts.flatMap((fact) =>
      'platformUserId' in fact ? [fact.platformUserId] : [],
    ),
  );
  const groupIds = distinct(facts.flatMap(groupsNamedBy));
  const changedGroupIds = distinct(facts.flatMap(groupsChangedBy));
  const users = await lockUsers(db, userIds);
  const groups = await lockGroups(db, groupIds, changedGroupIds);
  await readMemberships(db, users, facts);
  return { users, groups };
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

async function lockUsers(
  db: Kysely<unknown>,
  ids: readonly PlatformUserId[],
): Promise<Map<PlatformUserId, KnownUser>> {
  if (ids.length === 0) return new Map();
  await sql`insert into platform_user (id) select unnest(${ids}::text[]) on conflict do nothing`.execute(
    db,
  );
  const { rows } = await sql<UserRow>`
    select id, username, attributes, fences, deleted_at is not null as is_deleted,
           snapshot_sequence::float8 as snapshot_sequence, snapshot_time_us::float8 as snapshot_time_us
    from platform_user where id = any(${ids}::text[]) order by id for no key update`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.id, knownUser(row)]));
}

interface UserRow {
  readonly id: PlatformUserId;
  readonly username: string | null;
  readonly attributes: Readonly<Record<string, string | null>>;
  readonly fences: Readonly<Partial<Record<UserRegister, Fence>>>;
  readonly is_deleted: boolean;
  readonly snapshot_sequence: number | null;
  readonly snapshot_time_us: number | null;
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
        : { sequence: row.snapshot_sequence, timeUs: row.snapshot_time_us },
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
      order: { sequence: fence[0], timeUs: fence[1] },
      value: values[name] ?? null,
    });
  }
  return registers;
}

async function lockGroups(
  db: Kysely<unknown>,
  ids: readonly GroupId[],
  changedIds: readonly GroupId[],
): Promise<Map<GroupId, KnownGroup>> {
  if (ids.length === 0) return new Map();
  await sql`insert into platform_group (id) select unnest(${ids}::text[]) on conflict do nothing`.execute(
    db,
  );
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

/** All rows of users with a snapshot at hand; of the others only the rows that the facts speak of. */
async function readMemberships(
  db: Kysely<unknown>,
  users: ReadonlyMap<PlatformUserId, KnownUser>,
  facts: readonly PlatformFact[],
): Promise<void> {
  const whole = facts.flatMap((fact) =>
    fact.kind === 'membershipSnapshot' ? [fact.platformUserId] : [],
  );
  const changes = facts.filter((fact) => fact.kind === 'membershipChanged');
  if (whole.length + changes.length === 0) return;
  const { rows } = await sql<MembershipRow>`
    select platform_user_id, group_id, is_held, is_snapshot, sequence::float8 as sequence, time_us::float8 as time_us
    from membership
    where platform_user_id = any(${whole}::text[])
    union
    select platform_user_id, group_id, is_held, is_snapshot, sequence::float8, time_us::float8
    from membership
    join unnest(${changes.map((fact) => fact.platformUserId)}::text[], ${changes.map((fact) => fact.groupId)}::text[])
      as change (platform_user_id, group_id) using (platform_user_id, group_id)`.execute(
    db,
  );
  for (const row of rows)
    users
      .get(row.platform_user_id)
      ?.memberships.set(row.group_id, standingOf(row));
}

interface MembershipRow {
  readonly platform_user_id: PlatformUserId;
  readonly group_id: GroupId;
  readonly is_held: boolean;
  readonly is_snapshot: boolean;
  readonly sequence: number | null;
  readonly time_us: number;
}

function standingOf(row: MembershipRow): Standing {
  const order: FactOrder = { sequence: row.sequence, timeUs: row.time_us };
  return { order, isSnapshot: row.is_snapshot, isHeld: row.is_held };
}
