import { type RawBuilder, sql } from 'kysely';

import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { REMOTE_DRIFT } from '../remote/read-requests.js';
import { isRemovalUndone } from '../live/undone.js';
import { changes, mapped, standing, verdicts } from './drift-verdicts.js';
import type { DriftedMember } from '../../sweep/ports.js';

/** A member from a member list, used instead of the mirror. */
interface SeenMember {
  readonly discordUserId: DiscordUserId;
  readonly isPresent: boolean;
  /** True: the member has not passed Discord's membership screening. */
  readonly isPending: boolean;
  readonly timedOutUntil: Date | null;
  readonly roleIds: readonly RoleId[];
}

export interface DriftRequest {
  readonly clientId: ClientId;
  /**
   * Members whose state is read from here instead of from the mirror, for a run that may not write
   * the mirror.
   */
  readonly seen: readonly SeenMember[];
  /**
   * Members observed to differ from the stored state. They are included even if they were parked
   * before.
   */
  readonly changed: readonly DiscordUserId[];
  /** Awaited before each page; if it throws, the search ends. */
  readonly beforePage?: () => Promise<void>;
}

/**
 * Finds linked members whose mirror differs from what facts, links and mappings require. It does in
 * SQL what `desiredRoles`, `planRoles` and `planRequests` do for one member. Leaves out members who
 * are not in the guild, members parked with nothing new since (the same cause would stop them
 * again), removals that wait for approval or were rejected, and changes that others undid. A member's result depends on that
 * member's rows only, so each page is a separate statement and no database snapshot is held for
 * long.
 */
export async function readDrift(
  db: Db,
  request: DriftRequest,
  linksAtOnce = LINKS_AT_ONCE,
): Promise<readonly DriftedMember[]> {
  const { clientId, beforePage } = request;
  const seen = new Map(request.seen.map((each) => [each.discordUserId, each]));
  const changed = new Set(request.changed);
  // A member whose link ends meanwhile may appear twice; the later result counts.
  const drifted = new Map<DiscordUserId, DriftedMember>();
  const asked = { clientId, linksAtOnce, beforePage };
  for await (const page of linkPages(db, asked)) {
    const known = {
      seen: page.accounts.flatMap((id) => seen.get(id) ?? []),
      changed: page.accounts.filter((id) => changed.has(id)),
    };
    for (const member of await readPage(db, clientId, page, known))
      drifted.set(member.discordUserId, member);
  }
  return [...drifted.values()].toSorted((one, other) =>
    one.discordUserId < other.discordUserId ? -1 : 1,
  );
}

/**
 * Links per page. It is large enough that each disk page of the mirror serves several members, and
 * small enough to take at most a second: a sweep renews its lease, and can be cancelled, only
 * between pages.
 */
const LINKS_AT_ONCE = 20_000;

/**
 * Finds the members out of step on one page. With a million links, little of the data is cached, so
 * each table is read in its own order: the mirror by account, then users and memberships by user.
 * All rows are looked up by key, because the planner can only guess how many links a range has and
 * would read the whole mirror for each page.
 */
async function readPage(
  db: Db,
  clientId: ClientId,
  page: LinkPage,
  { seen, changed }: Pick<DriftRequest, 'seen' | 'changed'>,
): Promise<readonly DriftedMember[]> {
  const { rows } = await sql<DriftedMember>`
    with seen as (
      select s.id as discord_user_id, s.is_present, s.is_pending, s.timed_out_until, string_to_array(s.roles, ',') as role_ids
      from unnest(${seen.map((member) => member.discordUserId)}::text[], ${seen.map((member) => member.isPresent)}::boolean[],
        ${seen.map((member) => member.isPending)}::boolean[],
        ${seen.map((member) => member.timedOutUntil?.toISOString() ?? null)}::timestamptz[],
        ${seen.map((member) => member.roleIds.join(','))}::text[]) as s (id, is_present, is_pending, timed_out_until, roles)
    ), linked as materialized (${page.linked}
    ), actual as materialized (
      select k.*, m.read_at is not null or s.discord_user_id is not null as is_known,
        coalesce(s.is_present, m.is_present, true) as is_present,
        coalesce(s.role_ids, m.role_ids, '{}') as role_ids,
        coalesce(s.is_pending, m.is_pending, false)
            and (select c.screening = 'WAIT' from client c where c.id = ${clientId})
          or coalesce(case when s.discord_user_id is null then m.timed_out_until else s.timed_out_until end > statement_timestamp(), false)
          as grants_wait
      from linked k
      left join lateral (${ofAccount('member', clientId)}) m on true
      left join seen s on s.discord_user_id = k.discord_user_id
      left join unnest(${changed}::text[]) as n (id) on n.id = k.discord_user_id
      left join lateral (${ofAccount('reconcile_job', clientId)}) j on true
      where n.id is not null or j.is_parked is not true or m.state = 'PENDING' order by k.platform_user_id
    ), remote as (${REMOTE_DRIFT(clientId)}), told as (
      select discord_user_id,
        coalesce(array_agg(distinct role_id collate "C") filter (where is_given), '{}') as gives,
        coalesce(array_agg(distinct role_id collate "C") filter (where not is_given), '{}') as asks
      from remote group by discord_user_id
    ), mapped as materialized (${mapped(clientId)})
    select a.discord_user_id as "discordUserId", a.platform_user_id as "platformUserId",
      coalesce((select array_agg(distinct n.id collate "C") from unnest(c.add || t.gives) as n (id)), '{}') as add,
      coalesce(c.remove, '{}') as remove, coalesce(t.asks, '{}') as asks, not a.is_known as "isUnread"
    from actual a
    cross join lateral (${standing}) s
    cross join lateral (${verdicts}) v
    cross join lateral (${changes(clientId, isRemovalUndone(clientId, sql`n.id`))}) c
    left join told t on t.discord_user_id = a.discord_user_id
    where not a.is_known or t.discord_user_id is not null or c.add is not null or c.remove is not null`.execute(
    db,
  );
  return rows;
}

const ofAccount = (table: 'member' | 'reconcile_job', clientId: ClientId) => sql`
  select t.* from ${sql.table(table)} t where t.client_id = ${clientId} and t.discord_user_id = k.discord_user_id limit 1`;

/** Linked accounts read by one statement. */
interface LinkPage {
  readonly accounts: readonly DiscordUserId[];
  /**
   * Query that returns each account once: discord_user_id, platform_user_id (null: all links of the
   * account are ending), is_ending (all its links are ending) and has_ending (at least one is).
   */
  readonly linked: RawBuilder<unknown>;
}

interface Asked {
  readonly clientId: ClientId;
  readonly linksAtOnce: number;
  /** Awaited before each page; if it throws, the search ends. */
  readonly beforePage?: (() => Promise<void>) | undefined;
}

/**
 * Yields all linked accounts of a client. Accounts with an active link come first, sorted by
 * platform user, so that the memberships of a page are stored close together. Accounts whose links
 * are all ending come last; they need no memberships.
 */
export async function* linkPages(db: Db, asked: Asked): AsyncGenerator<LinkPage> {
  for (const walk of [OF_PEOPLE, ENDING]) yield* pagesOf(db, walk, asked);
}

async function* pagesOf(
  db: Db,
  { key, status, linked }: Walk,
  { clientId, linksAtOnce, beforePage }: Asked,
): AsyncGenerator<LinkPage> {
  let after = '';
  for (;;) {
    await beforePage?.();
    const { rows } = await sql<{
      links: number;
      upTo: string | null;
      accounts: string | null;
    }>`
      select count(*)::int as links, max(key) as "upTo", string_agg(account, ',') as accounts from (
        select l.${key} as key, l.discord_user_id as account from link l
        where l.client_id = ${clientId} and l.status = ${status} and l.${key} > ${after}
        order by l.${key} limit ${linksAtOnce}) p`.execute(db);
    const { links, upTo, accounts } = rows[0] ?? NONE;
    if (upTo === null || accounts === null) return;
    const isWithin = sql`l.client_id = ${clientId} and l.status = ${status} and l.${key} > ${after} and l.${key} <= ${upTo}`;
    yield { accounts: accounts.split(','), linked: linked(isWithin) };
    if (links < linksAtOnce) return;
    after = upTo;
  }
}

const NONE = { links: 0, upTo: null, accounts: null };

interface Walk {
  readonly status: RawBuilder<unknown>;
  /**
   * The column that sorts the pages. An index of the links with this status contains this column
   * and the account.
   */
  readonly key: RawBuilder<unknown>;
  readonly linked: (isWithin: RawBuilder<unknown>) => RawBuilder<unknown>;
}

const OF_PEOPLE: Walk = {
  status: sql`'ACTIVE'`,
  key: sql.ref('platform_user_id'),
  linked: (isWithin) => sql`
    select l.discord_user_id, l.platform_user_id, false as is_ending, exists (select from link e
      where e.client_id = l.client_id and e.discord_user_id = l.discord_user_id and e.status = 'ENDING') as has_ending
    from link l where ${isWithin} order by l.discord_user_id`,
};

const ENDING: Walk = {
  status: sql`'ENDING'`,
  key: sql.ref('discord_user_id'),
  linked: (isWithin) => sql`
    select distinct l.discord_user_id, null::text as platform_user_id, true as is_ending, true as has_ending
    from link l where ${isWithin} and not exists (select from link k
      where k.client_id = l.client_id and k.discord_user_id = l.discord_user_id and k.status = 'ACTIVE')`,
};
