import { sql, type Kysely } from 'kysely';

import type {
  ClientId,
  DiscordUserId,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import { REMOTE_DRIFT } from '../remote/remote-drift.js';
import { changes, mapped, standing, verdicts } from './drift-verdicts.js';

/** A linked member who is out of step, and how. */
export interface DriftedMember {
  readonly discordUserId: DiscordUserId;
  /** Null: every link of the account is ending. */
  readonly platformUserId: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Roles where Discord has the say, and the platform is asked to follow, or what it was asked for is put right. */
  readonly asks: readonly RoleId[];
  /** Discord was never asked about this member: they are to be read, whatever comes of it. */
  readonly isUnread: boolean;
}

/** A member as a listing has shown them, in place of the mirror. */
export interface SeenMember {
  readonly discordUserId: DiscordUserId;
  readonly isPresent: boolean;
  readonly roleIds: readonly RoleId[];
}

export interface DriftRequest {
  readonly clientId: ClientId;
  /** Looked at instead of the mirror; for a run that may not write the mirror. */
  readonly seen: readonly SeenMember[];
  /** Seen to differ from what was known: named even where they were parked before. */
  readonly changed: readonly DiscordUserId[];
  /** Awaited before each page; where it throws, that is the end. */
  readonly beforePage?: () => Promise<void>;
}

/**
 * Linked members whose mirror differs from what facts, links and mappings want: in SQL what `desiredRoles`, `planRoles`
 * and `planRequests` say of one member. Left out are members who are not in the guild, those who were parked with nothing new since, as what stopped them
 * stops them still, and removals that wait for a person or that one has rejected. What is said of a member depends on that
 * member's rows alone, so a page at a time is looked at: none holds a snapshot for long, or sorts more than fits into memory.
 */
export async function readDrift(
  db: Kysely<unknown>,
  request: DriftRequest,
  linksAtOnce = LINKS_AT_ONCE,
): Promise<readonly DriftedMember[]> {
  const drifted: DriftedMember[] = [];
  let after = '';
  for (;;) {
    await request.beforePage?.();
    const page = { clientId: request.clientId, after, limit: linksAtOnce };
    const upTo = await endOfPage(db, page);
    drifted.push(...(await readPage(db, request, { after, upTo })));
    if (upTo === null) return drifted;
    after = upTo;
  }
}

/** Planning the statement takes some 8 ms, which is shared by as many; a sweep is renewed and can be cancelled between pages. */
const LINKS_AT_ONCE = 5_000;

/** Accounts from behind the one to the other; null: to the last. Ids are digits alone, which every collation orders alike. */
interface Range {
  readonly after: DiscordUserId;
  readonly upTo: DiscordUserId | null;
}

/** By the index that keeps a pair from being linked twice. */
async function endOfPage(
  db: Kysely<unknown>,
  {
    clientId,
    after,
    limit,
  }: {
    readonly clientId: ClientId;
    readonly after: DiscordUserId;
    readonly limit: number;
  },
): Promise<DiscordUserId | null> {
  const { rows } = await sql<{ id: DiscordUserId }>`
    select discord_user_id as id from link where client_id = ${clientId} and discord_user_id > ${after}
    order by discord_user_id offset ${limit - 1} limit 1`.execute(db);
  return rows[0]?.id ?? null;
}

const isWithin = (alias: string, { after, upTo }: Range) => {
  const id = sql.ref(`${alias}.discord_user_id`);
  return upTo === null
    ? sql`${id} > ${after}`
    : sql`${id} > ${after} and ${id} <= ${upTo}`;
};

async function readPage(
  db: Kysely<unknown>,
  { clientId, ...request }: DriftRequest,
  range: Range,
): Promise<readonly DriftedMember[]> {
  const { after, upTo } = range;
  const isInPage = (id: DiscordUserId) =>
    id > after && (upTo === null || id <= upTo);
  const seen = request.seen.filter((each) => isInPage(each.discordUserId));
  const changed = request.changed.filter(isInPage);
  const { rows } = await sql<Row>`
    with seen as (
      select s.id as discord_user_id, s.is_present, string_to_array(s.roles, ',') as role_ids
      from unnest(${seen.map((member) => member.discordUserId)}::text[], ${seen.map((member) => member.isPresent)}::boolean[],
        ${seen.map((member) => member.roleIds.join(','))}::text[]) as s (id, is_present, roles)
    ), linked as (
      select l.discord_user_id, bool_and(l.status = 'ENDING') as is_ending, bool_or(l.status = 'ENDING') as has_ending,
        max(l.platform_user_id) filter (where l.status = 'ACTIVE') as platform_user_id
      from link l where l.client_id = ${clientId} and ${isWithin('l', range)}
      group by l.discord_user_id
    ), actual as (
      select k.*, m.read_at is not null or s.discord_user_id is not null as is_known,
        coalesce(s.is_present, m.is_present, true) as is_present,
        coalesce(s.role_ids, m.role_ids, '{}') as role_ids
      from linked k
      left join member m on m.client_id = ${clientId} and m.discord_user_id = k.discord_user_id and ${isWithin('m', range)}
      left join seen s on s.discord_user_id = k.discord_user_id
      left join unnest(${changed}::text[]) as n (id) on n.id = k.discord_user_id
      left join reconcile_job j on j.client_id = ${clientId} and j.discord_user_id = k.discord_user_id
      where n.id is not null or j.is_parked is not true
    ), remote as (${REMOTE_DRIFT(clientId)}), told as (
      select discord_user_id,
        coalesce(array_agg(distinct role_id collate "C") filter (where is_given), '{}') as gives,
        coalesce(array_agg(distinct role_id collate "C") filter (where not is_given), '{}') as asks
      from remote group by discord_user_id
    ), mapped as materialized (${mapped(clientId)})
    select a.discord_user_id, a.platform_user_id,
      coalesce((select array_agg(distinct n.id collate "C") from unnest(c.add || t.gives) as n (id)), '{}') as add,
      coalesce(c.remove, '{}') as remove, coalesce(t.asks, '{}') as asks, not a.is_known as is_unread
    from actual a
    cross join lateral (${standing}) s
    cross join lateral (${verdicts}) v
    cross join lateral (${changes(clientId)}) c
    left join told t on t.discord_user_id = a.discord_user_id
    where not a.is_known or t.discord_user_id is not null or c.add is not null or c.remove is not null
    order by a.discord_user_id collate "C"`.execute(db);
  return rows.map((row) => ({
    discordUserId: row.discord_user_id,
    platformUserId: row.platform_user_id,
    add: row.add,
    remove: row.remove,
    asks: row.asks,
    isUnread: row.is_unread,
  }));
}

interface Row {
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  readonly asks: readonly RoleId[];
  readonly is_unread: boolean;
}
