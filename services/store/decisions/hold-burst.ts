import { type RawBuilder, sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { holdChanges, readCauses } from './hold.js';
import { LANES, type ClientId, type RoleId } from '../../model.js';
import type {
  GuardLimits,
  GuardTally,
  HeldRemovals,
  PlannedRemovals,
  RemovalCause,
} from '../../reconcile/write/records.js';
import { type CausedRemoval, type MarkedHolders, readBurst } from './burst-removals.js';
import type { Db } from '../entities/entities.js';
import type { Known } from '../facts/known.js';
import type { Folded, MemberMark } from '../facts/touched.js';
import { lockGuard, readTally, type Removal } from '../path/guard-tally.js';

/** Decides which removals of a burst wait for approval. */
export type JudgePlan = (input: {
  readonly removals: readonly PlannedRemovals[];
  readonly tally: GuardTally;
  readonly limits: GuardLimits;
}) => readonly HeldRemovals[];

export interface Guard {
  readonly judgePlan: JudgePlan;
  readonly enqueueEvent: EnqueueEvent;
}

/**
 * Judges all removals of a message, a mutation or a batch together, before any is carried out. Call
 * it in the transaction that marks, after the last mark and after deleting decisions, so that
 * removals are held before a run can begin. `members` is a query of client_id, discord_user_id and
 * cause (a RemovalCause) for members whose marks may cause removals.
 *
 * Skips members that were never read, because their roles are unknown; the guard judges their runs
 * instead.
 */
export async function holdBurst(db: Db, guard: Guard, members: RawBuilder<unknown>): Promise<void> {
  for (const marked of await readHolders(db, members)) {
    const { clientId } = marked;
    const removals = await readBurst(db, marked);
    if (removals.length === 0) {
      await saveDue(db, marked, []);
      continue;
    }
    // With the lock, the second of two concurrent bursts counts the removals of the first. Lock
    // order, as in a run: jobs, guard, plans.
    const limits = await lockGuard(db, clientId);
    const { held, passing } = await judgeRemovals(db, guard, {
      clientId,
      removals,
      limits,
    });
    await saveDue(db, marked, passing);
    const [first] = held;
    if (first === undefined) continue;
    const why = await readCauses(db, clientId, held);
    const hold = {
      clientId,
      ground: 'LIMIT' as const,
      reason: first.reason,
      removals: held.map((each) => ({ ...each, why: why(each) })),
    };
    await holdChanges(db, hold, guard.enqueueEvent);
  }
}

/**
 * Returns the marked members who hold a mapped role according to the mirror, by client. Sorts the
 * clients, so that they are always locked in the same order.
 */
async function readHolders(
  db: Db,
  members: RawBuilder<unknown>,
): Promise<readonly MarkedHolders[]> {
  const { rows } = await sql<MarkedHolders>`
    select k.client_id as "clientId", array_agg(k.discord_user_id) as accounts, array_agg(k.cause) as causes
    from (select client_id, discord_user_id, min(cause) as cause from (${members}) m group by 1, 2) k
    join member a on a.client_id = k.client_id and a.discord_user_id = k.discord_user_id
    where a.read_at is not null and a.is_present and exists (
      select from role_mapping p where p.client_id = k.client_id and p.role_id = any(a.role_ids))
    group by k.client_id order by k.client_id`.execute(db);
  return rows;
}

interface JudgedRemovals {
  readonly held: readonly (CausedRemoval & Pick<HeldRemovals, 'reason' | 'isStream'>)[];
  readonly passing: readonly Removal[];
}

/** Splits removals into held and allowed ones. Call it while holding the guard's lock. */
export async function judgeRemovals(
  db: Db,
  { judgePlan }: Pick<Guard, 'judgePlan'>,
  burst: {
    readonly clientId: ClientId;
    readonly removals: readonly CausedRemoval[];
    /** The limits that `lockGuard` returned. */
    readonly limits: GuardLimits;
  },
): Promise<JudgedRemovals> {
  const { clientId, removals, limits } = burst;
  const tally = await readTally(db, clientId, removals, true);
  const verdicts = new Map(
    judgePlan({ removals: countByRole(removals), tally, limits }).map((verdict) => [
      keyOf(verdict),
      verdict,
    ]),
  );
  return {
    held: removals.flatMap((removal) => {
      const verdict = verdicts.get(keyOf(removal));
      if (verdict === undefined) return [];
      const { reason, isStream } = verdict;
      return [{ ...removal, reason, isStream }];
    }),
    passing: removals.filter((removal) => !verdicts.has(keyOf(removal))),
  };
}

function countByRole(removals: readonly CausedRemoval[]): readonly PlannedRemovals[] {
  const byRole = Map.groupBy(removals, keyOf);
  return [...byRole.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            roleId: first.roleId,
            cause: first.cause,
            count: 1 + others.length,
          },
        ],
  );
}

function keyOf({
  roleId,
  cause,
}: {
  readonly roleId: RoleId;
  readonly cause: RemovalCause;
}): string {
  return `${roleId} ${cause}`;
}

/**
 * Stores the allowed removals in the jobs of these members and replaces the ones stored before.
 * Later bursts count them until the member's run begins. Members without allowed removals get an
 * empty list.
 */
async function saveDue(
  db: Db,
  { clientId, accounts }: MarkedHolders,
  passing: readonly Removal[],
): Promise<void> {
  const byAccount = Map.groupBy(passing, ({ discordUserId }) => discordUserId);
  const roles = accounts.map((id) => joinRoles(byAccount.get(id) ?? []));
  await sql`
    update reconcile_job j set removals = string_to_array(d.roles, ','),
      lane = case when d.roles <> '' and j.lane = ${LANES.fresh} then ${LANES.removal}::smallint else j.lane end
    from unnest(${accounts}::text[], ${roles}::text[]) as d (id, roles)
    where j.client_id = ${clientId} and j.discord_user_id = d.id and j.removals <> string_to_array(d.roles, ',')`.execute(
    db,
  );
}

/**
 * Like `saveDue`, but keeps the removals already due, because other transactions may have marked
 * these members. Skips jobs locked by another transaction, such as the end of a run: waiting for
 * them would break the lock order.
 */
export async function addDue(
  db: Db,
  clientId: ClientId,
  passing: readonly Removal[],
): Promise<void> {
  if (passing.length === 0) return;
  const byAccount = Map.groupBy(passing, ({ discordUserId }) => discordUserId);
  const accounts = [...byAccount.keys()];
  await sql`
    with free as materialized (
      select j.discord_user_id from reconcile_job j
      where j.client_id = ${clientId} and j.discord_user_id = any(${accounts}::text[]) for update skip locked
    )
    update reconcile_job j
    set removals = array(select r.id from unnest(j.removals || string_to_array(d.roles, ',')) as r (id) group by r.id)
    from unnest(${accounts}::text[], ${[...byAccount.values()].map(joinRoles)}::text[]) as d (id, roles)
    where j.client_id = ${clientId} and j.discord_user_id = d.id and d.id in (select f.discord_user_id from free f)`.execute(
    db,
  );
}

const joinRoles = (removals: readonly Removal[]) => removals.map(({ roleId }) => roleId).join(',');

/**
 * Judges all holders of a role again as one burst, after a mapping changed and the decisions about
 * its role were deleted.
 */
export async function holdOfRole(
  db: Db,
  guard: Guard,
  role: { readonly clientId: ClientId; readonly roleId: RoleId },
): Promise<void> {
  const { clientId, roleId } = role;
  const holders = sql`
    select a.client_id, a.discord_user_id, 'OTHER' as cause from member a
    where a.client_id = ${clientId} and a.role_ids @> array[${roleId}::text]`;
  await holdBurst(db, guard, holders);
}

/**
 * Returns a query for `holdBurst` with the members who may lose a role because of a batch of facts;
 * null: none. Most batches only add memberships and cost nothing here.
 */
export function membersOfFacts(
  known: Known,
  { deletedUsers, groupMarks }: Folded,
  marks: readonly MemberMark[],
): RawBuilder<unknown> | null {
  const isRemoval = ({ platformUserId, groupId }: MemberMark) =>
    groupId === null || known.users.get(platformUserId)?.memberships.get(groupId)?.isHeld !== true;
  const left = marks.filter(isRemoval);
  const deleted = deletedUsers.map((user) => user.platformUserId);
  // Includes restored groups: their memberships from before the deletion have ended too.
  const groups = groupMarks.map(({ groupId }) => groupId);
  const parts = [
    ...(left.length === 0 ? [] : [ofMemberships(left)]),
    ...(deleted.length === 0 ? [] : [ofDeleted(deleted)]),
    ...(groups.length === 0 ? [] : [ofGroups(groups)]),
  ];
  return parts.length === 0 ? null : sql.join(parts, sql` union all `);
}

/**
 * Selects only links of clients that map one of the groups, because this transaction has marked
 * only their members and so locked only their jobs.
 */
const ofMemberships = (marks: readonly MemberMark[]) => sql`
  select l.client_id, l.discord_user_id, 'MEMBERSHIP' as cause
  from unnest(${marks.map(({ platformUserId }) => platformUserId)}::text[], ${marks.map(({ groupId }) => groupId)}::text[])
    as k (platform_user_id, group_id)
  join link l on l.platform_user_id = k.platform_user_id
  where k.group_id is null or exists (
    select from role_mapping p where p.client_id = l.client_id and p.group_id = k.group_id)`;

const ofDeleted = (platformUserIds: readonly string[]) => sql`
  select l.client_id, l.discord_user_id, 'USER_DELETED' as cause from link l
  where l.platform_user_id = any(${platformUserIds}::text[])`;

const ofGroups = (groupIds: readonly string[]) => sql`
  select l.client_id, l.discord_user_id, 'GROUP_DELETED' as cause
  from role_mapping r join link l on l.client_id = r.client_id
  join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
  where r.group_id = any(${groupIds}::text[]) and r.role_id = any(a.role_ids)`;
