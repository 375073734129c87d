import { sql, type Kysely } from 'kysely';

import type {
  FactOrder,
  GroupId,
  PlatformFact,
  PlatformUserId,
} from '../../model.js';
import type { KnownUser } from './known.js';
import type { Standing } from './order.js';

interface Seen {
  /** The database's clock, in microseconds since 1970. */
  readonly receivedUs: number;
  readonly linkedUserIds: ReadonlySet<PlatformUserId>;
  readonly groupIds: ReadonlySet<GroupId>;
}

/**
 * All memberships of users with a snapshot at hand, of the others only those that the facts speak of; which of the users are
 * linked, which of the groups exist, and the database's clock. One statement: every statement costs a round trip. The lateral keeps PostgreSQL from
 * reading the whole table for a batch of changes.
 */
export async function readStandings(
  db: Kysely<unknown>,
  asked: {
    readonly facts: readonly PlatformFact[];
    readonly users: ReadonlyMap<PlatformUserId, KnownUser>;
    readonly userIds: readonly PlatformUserId[];
    readonly groupIds: readonly GroupId[];
  },
): Promise<Seen> {
  const whole = asked.facts.flatMap((fact) =>
    fact.kind === 'membershipSnapshot' ? [fact.platformUserId] : [],
  );
  const changes = asked.facts.filter(
    (fact) => fact.kind === 'membershipChanged',
  );
  const { rows } = await sql<StandingRow>`
    select platform_user_id, group_id, is_held, is_snapshot, is_mutation, sequence::float8 as sequence, time_us::float8 as time_us
    from membership where platform_user_id = any(${[...new Set(whole)]}::text[])
    union all
    select m.* from unnest(${changes.map((fact) => fact.platformUserId)}::text[], ${changes.map((fact) => fact.groupId)}::text[])
      as change (platform_user_id, group_id)
    cross join lateral (
      select platform_user_id, group_id, is_held, is_snapshot, is_mutation, sequence::float8, time_us::float8 from membership s
      where s.platform_user_id = change.platform_user_id and s.group_id = change.group_id offset 0) m
    union all
    select distinct platform_user_id, null, null::boolean, null::boolean, null::boolean, null::float8, null::float8 from link
    where platform_user_id = any(${asked.userIds}::text[])
    union all
    select null, id, null, null, null, null, null from platform_group where id = any(${asked.groupIds}::text[])
    union all
    select null, null, null, null, null, null, (extract(epoch from clock_timestamp()) * 1000000)::float8`.execute(
    db,
  );
  const linkedUserIds = new Set<PlatformUserId>();
  const groupIds = new Set<GroupId>();
  let receivedUs = 0;
  for (const row of rows) {
    if (isClock(row)) receivedUs = row.time_us;
    else if (row.platform_user_id === null) groupIds.add(row.group_id);
    else if (row.group_id === null) linkedUserIds.add(row.platform_user_id);
    else
      asked.users
        .get(row.platform_user_id)
        ?.memberships.set(row.group_id, standingOf(row));
  }
  return { receivedUs, linkedUserIds, groupIds };
}

/** A membership; or a linked user, without a group; or a group that exists, without a user; or the clock, without either. */
type StandingRow =
  | MembershipRow
  | { readonly platform_user_id: PlatformUserId; readonly group_id: null }
  | { readonly platform_user_id: null; readonly group_id: GroupId }
  | ClockRow;

interface ClockRow {
  readonly platform_user_id: null;
  readonly group_id: null;
  readonly time_us: number;
}

function isClock(row: StandingRow): row is ClockRow {
  return row.platform_user_id === null && row.group_id === null;
}

interface MembershipRow {
  readonly platform_user_id: PlatformUserId;
  readonly group_id: GroupId;
  readonly is_held: boolean;
  readonly is_snapshot: boolean;
  readonly is_mutation: boolean;
  readonly sequence: number | null;
  readonly time_us: number;
}

function standingOf(row: MembershipRow): Standing {
  const order = orderOf(row.sequence, row.time_us, row.is_mutation);
  return { order, isSnapshot: row.is_snapshot, isHeld: row.is_held };
}

/** As the columns and fences keep it. */
export function orderOf(
  sequence: number | null,
  timeUs: number,
  isMutation: boolean,
): FactOrder {
  return { sequence, timeUs, ...(isMutation && { isMutation }) };
}
