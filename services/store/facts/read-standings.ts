import { sql } from 'kysely';

import { orderOf, type RankedFact } from './order.js';
import type { RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import type { GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import type { StoredFence } from '../entities/platform.entity.js';
import { readFence } from './deletion-fence.js';
import type { GroupLife } from './known.js';

export interface Standings {
  readonly memberships: readonly {
    readonly platformUserId: PlatformUserId;
    readonly groupId: GroupId;
    readonly fact: RankedFact;
  }[];
  /** The database's clock, in microseconds since 1970. */
  readonly receivedUs: number;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
  /** Contains only groups that exist. */
  readonly lives: Map<GroupId, GroupLife>;
}

/**
 * Reads memberships: for a user with a snapshot in the batch, all; otherwise only those that the
 * facts name. Also reads which users are linked, the groups with their deletions, and the
 * database's clock. Uses one statement, because each costs a round trip. The lateral join keeps
 * PostgreSQL from reading the whole table for a batch of changes.
 *
 * Locks the groups in the order of their ids, so that none is deleted before its memberships are
 * written. Batches that change no group share the locks.
 */
export async function readStandings(
  db: Db,
  asked: {
    readonly facts: readonly PlatformFact[];
    readonly userIds: readonly PlatformUserId[];
    readonly groupIds: readonly GroupId[];
    readonly changesGroups: boolean;
  },
): Promise<Standings> {
  const whole = asked.facts.flatMap((fact) =>
    fact.kind === 'membershipSnapshot' ? [fact.platformUserId] : [],
  );
  const changes = asked.facts.filter((fact) => fact.kind === 'membershipChanged');
  const strength = asked.changesGroups ? sql`for no key update` : sql`for share`;
  const { rows } = await sql<StandingRow>`
    with named as materialized (
      select id, deleted_at is not null as is_deleted, deletion_fence from platform_group
      where id = any(${asked.groupIds}::text[]) order by id ${strength})
    select platform_user_id as "platformUserId", group_id as "groupId", is_held as "isHeld", is_snapshot as "isSnapshot",
      is_mutation as "isMutation", sequence::float8 as sequence, time_us::float8 as "timeUs", null::jsonb as fence
    from membership where platform_user_id = any(${[...new Set(whole)]}::text[])
    union all
    select m.* from unnest(${changes.map((fact) => fact.platformUserId)}::text[], ${changes.map((fact) => fact.groupId)}::text[])
      as change (platform_user_id, group_id)
    cross join lateral (
      select platform_user_id, group_id, is_held, is_snapshot, is_mutation, sequence::float8, time_us::float8, null::jsonb from membership s
      where s.platform_user_id = change.platform_user_id and s.group_id = change.group_id offset 0) m
    union all
    select distinct platform_user_id, null, null::boolean, null::boolean, null::boolean, null::float8, null::float8, null::jsonb from link
    where platform_user_id = any(${asked.userIds}::text[])
    union all
    select null, id, is_deleted, null, null, null, null, deletion_fence from named
    union all
    select null, null, null, null, null, null, (extract(epoch from clock_timestamp()) * 1000000)::float8, null`.execute(
    db,
  );
  const memberships = [];
  const linkedUserIds = new Set<PlatformUserId>();
  const lives = new Map<GroupId, GroupLife>();
  let receivedUs = 0;
  for (const row of rows) {
    if (isClock(row)) receivedUs = row.timeUs;
    else if (row.platformUserId === null) lives.set(row.groupId, groupLife(row));
    else if (row.groupId === null) linkedUserIds.add(row.platformUserId);
    else memberships.push({ ...row, fact: standingOf(row) });
  }
  return { receivedUs, memberships, linkedUserIds, lives };
}

/**
 * A row is one of four: a membership; a linked user (`groupId` is null); an existing group
 * (`platformUserId` is null); the clock (both are null).
 */
type StandingRow =
  | MembershipRow
  | { readonly platformUserId: PlatformUserId; readonly groupId: null }
  | GroupRow
  | ClockRow;

interface GroupRow {
  readonly platformUserId: null;
  readonly groupId: GroupId;
  /** True if the group is deleted. Membership rows use the same column for `is_held`. */
  readonly isHeld: boolean;
  readonly fence: StoredFence | null;
}

function groupLife({ isHeld, fence }: GroupRow): GroupLife {
  return { isDeleted: isHeld, fence: readFence(fence) };
}

interface ClockRow {
  readonly platformUserId: null;
  readonly groupId: null;
  readonly timeUs: number;
}

function isClock(row: StandingRow): row is ClockRow {
  return row.platformUserId === null && row.groupId === null;
}

type MembershipRow = RawRow<
  'membership',
  'platformUserId' | 'groupId' | 'isHeld' | 'isSnapshot' | 'isMutation' | 'sequence' | 'timeUs'
>;

function standingOf(row: MembershipRow): RankedFact {
  const order = orderOf(row.sequence, row.timeUs, row.isMutation);
  return { order, isSnapshot: row.isSnapshot, isHeld: row.isHeld };
}
