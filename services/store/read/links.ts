import { type RawBuilder, sql } from 'kysely';

import type { Page, Rows } from '../../api/kit/ports.js';
import type { LinkFilter } from '../../api/links/ports.js';
import type { ClientId, LinkId, LinkState, MemberKey, PlatformUserId } from '../../model.js';
import type { RequestState } from '../../reconcile/plan/remote.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import {
  type Counted,
  every,
  gathered,
  inOrder,
  limitOf,
  rowCount,
  toDate,
  toDateOrNull,
  toRows,
} from './page.js';
import { SAID_OF_REQUESTS } from '../remote/read-requests.js';

const LINK = ['id', 'clientId', 'platformUserId', 'discordUserId', 'linkedAt'] as const;

const MEMBER = [
  'username',
  'displayName',
  'nickname',
  'timedOutUntil',
  'lastReconciledAt',
] as const;

type LinkRow = RawRow<'link', (typeof LINK)[number]> &
  RawRow<'member', (typeof MEMBER)[number] | 'roleIds' | 'reason'> & {
    readonly state: LinkState;
    readonly isScreening: boolean;
    readonly isBanned: boolean;
  };

function utc(time: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')`;
}

/** Why the client delays the member's job; null if no job waits or the client does not delay it. */
const waitReason = sql`case when j.client_id is not null then (
  select case
    when not c.is_enabled then 'the client is disabled'
    when c.stopped_at is not null then 'the client is stopped: ' || coalesce(c.trouble, 'its bot token was refused')
    when c.paused_until > statement_timestamp()
      then 'paused until ' || ${utc(sql`c.paused_until`)} || ': ' || coalesce(c.trouble, 'the guild does not answer')
    when c.sending_until > statement_timestamp()
      then 'paused, next call at ' || ${utc(sql`c.sending_until`)} || ': ' || c.sending_cause
    end
  from client c where c.id = l.client_id) end`;

/** Why the member is parked, how to end that, and when the next attempt is; null: not parked. */
const parkedReason = sql`case when m.state = 'PARKED' and j.client_id is null then concat_ws('. ', m.reason,
  'To end it: ' || (select string_agg(distinct e ->> 'endedBy', '; ') from jsonb_array_elements(m.parking) e),
  (select 'Next try at ' || ${utc(sql`p.due_at`)} from reconcile_job p
    where p.client_id = l.client_id and p.discord_user_id = l.discord_user_id and p.is_parked)) end`;

const reason = sql`nullif(concat_ws('; ', coalesce(${waitReason}, ${parkedReason}, m.reason), ${SAID_OF_REQUESTS}), '')`;

/**
 * The state of a link. ENDING: the link is ending. PENDING: a job waits or runs, no run has
 * happened yet, or the state would be IN_STEP but a request to the platform is open. DISPUTED: the
 * state would be IN_STEP but the platform contradicts a request. Otherwise, the result of the last
 * run.
 */
const LINK_STATE = sql`case
  when l.status = 'ENDING' then 'ENDING'
  when j.client_id is not null then 'PENDING'
  when m.state = 'IN_STEP' and exists (select from remote_membership r where r.link_id = l.id and r.request_state = 'OPEN')
    then 'PENDING'
  when m.state = 'IN_STEP' and exists (select from remote_membership r where r.link_id = l.id and r.request_state = 'DISPUTED')
    then 'DISPUTED'
  else coalesce(m.state, 'PENDING')
end`;

const linkColumns = sql`${columns<'link'>(LINK, 'l')}, ${columns<'member'>(MEMBER, 'm')},
  coalesce(m.role_ids, '{}') as "roleIds", ${LINK_STATE} as state, ${reason} as reason,
  coalesce(m.is_pending, false) as "isScreening", coalesce(m.join_refusal = 'BANNED', false) as "isBanned"`;

const tables = sql`link l
  left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
  left join reconcile_job j
    on j.client_id = l.client_id and j.discord_user_id = l.discord_user_id and not j.is_parked`;

export async function findLinks(db: Asker, ids: readonly LinkId[]) {
  const { rows } = await sql<LinkRow>`
    select ${linkColumns} from ${tables} where l.id = any(${ids}::uuid[])`.execute(db);
  return inOrder(ids, rows.map(toLink), (link) => link.id);
}

/** Returns the user's active link, or else the most recent ending one. */
export async function findLinkByPlatformUser(
  db: Asker,
  clientId: ClientId,
  platformUserId: PlatformUserId,
) {
  const { rows } = await sql<LinkRow>`
    select ${linkColumns} from ${tables}
    where l.client_id = ${clientId} and l.platform_user_id = ${platformUserId}
    order by l.status = 'ACTIVE' desc, l.id desc
    limit 1`.execute(db);
  return rows.map(toLink)[0];
}

export async function findLinksByMember(db: Asker, keys: readonly MemberKey[]) {
  const clientIds = keys.map((key) => key.clientId);
  const discordUserIds = keys.map((key) => key.discordUserId);
  const { rows } = await sql<LinkRow>`
    select distinct on (l.client_id, l.discord_user_id) ${linkColumns} from ${tables}
    where (l.client_id, l.discord_user_id) in (
      select * from unnest(${clientIds}::uuid[], ${discordUserIds}::text[])
    )
    order by l.client_id, l.discord_user_id, l.status = 'ACTIVE' desc, l.id desc`.execute(db);
  const keyOf = (key: MemberKey) => `${key.clientId}/${key.discordUserId}`;
  return inOrder(keys.map(keyOf), rows.map(toLink), keyOf);
}

/** With more candidates than this, reading links in page order finds enough matches quickly. */
const FEW = 5_000;

/**
 * Query of the links that meet all conditions. If the filter has few candidates, looks up each of
 * them; otherwise reads links in id order until enough are found. The statement itself counts the
 * candidates and chooses.
 */
function readLinks(
  request: { readonly clientId: ClientId; readonly filter: LinkFilter },
  its: {
    readonly what: RawBuilder<unknown>;
    readonly more: readonly (RawBuilder<unknown> | null)[];
    readonly end: RawBuilder<unknown>;
  },
): RawBuilder<unknown> {
  const { clientId, filter } = request;
  const conditions = [...linkConditions(clientId, filter), ...its.more];
  const select = (...also: readonly RawBuilder<unknown>[]) => sql`(
    select ${its.what} from ${tables} where ${every([...conditions, ...also])} ${its.end})`;
  const candidates = linkCandidates(clientId, filter);
  if (candidates === null) return select();
  return sql`with few as materialized (
      select id from (${candidates}) c limit ${FEW + 1}
    ), ids as materialized (select array_agg(id) as few, count(*) as n from few)
    ${select(sql`(select n from ids) <= ${FEW}`, sql`l.id = any((select few from ids)::uuid[])`)}
    union all
    ${select(sql`(select n from ids) > ${FEW}`)}`;
}

export async function pageLinks(
  db: Asker,
  request: { clientId: ClientId; filter: LinkFilter; page: Page },
): Promise<Rows<ReturnType<typeof toLink>>> {
  const { page } = request;
  const after = page.after === null ? null : sql`l.id > ${page.after}::uuid`;
  const { rows } = await sql<LinkRow>`${readLinks(request, {
    what: linkColumns,
    more: [after],
    end: sql`order by l.id ${limitOf(page)}`,
  })}`.execute(db);
  return toRows(rows, page, toLink);
}

export async function countLinks(
  db: Asker,
  request: { clientId: ClientId; filter: LinkFilter },
): Promise<number> {
  const links = readLinks(request, { what: sql`1`, more: [], end: sql`` });
  const { rows } = await sql<Counted>`
    select count(*) from (${links}) as found`.execute(db);
  return rowCount(rows);
}

export async function linksOfPlatformUsers(db: Asker, ids: readonly PlatformUserId[]) {
  const { rows } = await sql<LinkRow>`
    select ${linkColumns} from ${tables}
    where l.platform_user_id = any(${ids}::text[])
    order by l.id`.execute(db);
  return gathered(ids, rows.map(toLink), (link) => link.platformUserId);
}

const toLink = (row: LinkRow) => ({
  ...row,
  timedOutUntil: toDateOrNull(row.timedOutUntil),
  lastReconciledAt: toDateOrNull(row.lastReconciledAt),
  linkedAt: toDate(row.linkedAt),
});

/** Conditions of the filter on `link l`, `member m` and `reconcile_job j`. */
function linkConditions(clientId: ClientId, filter: LinkFilter): RawBuilder<unknown>[] {
  const { states, platformUserIds, discordUserIds, roleId, groupId } = filter;
  const conditions = [
    sql`l.client_id = ${clientId}`,
    states && sql`${LINK_STATE} = any(${states}::text[])`,
    platformUserIds && sql`l.platform_user_id = any(${platformUserIds}::text[])`,
    discordUserIds && sql`l.discord_user_id = any(${discordUserIds}::text[])`,
    roleId !== undefined && sql`m.role_ids @> array[${roleId}]::text[]`,
    groupId !== undefined &&
      sql`exists (
          select from membership s join platform_group g on g.id = s.group_id
          where s.platform_user_id = l.platform_user_id and s.group_id = ${groupId}
            and s.is_held and g.deleted_at is null
        )`,
  ];
  return conditions.filter((condition) => typeof condition === 'object');
}

/**
 * Query of the ids of all links that can match the filter; null if the filter names neither states
 * nor a role. The query uses indexes. Without it, paging would scan every link to find a rare state
 * or role.
 */
function linkCandidates(
  clientId: ClientId,
  { states, roleId }: LinkFilter,
): RawBuilder<unknown> | null {
  if (states?.length === 0) return sql`select null::uuid as id where false`;
  if (states)
    return sql.join(
      states.map((state) => candidatesIn(clientId, state)),
      sql` union all `,
    );
  return roleId === undefined
    ? null
    : ofMembers(clientId, sql`c.role_ids @> array[${roleId}]::text[]`);
}

function candidatesIn(clientId: ClientId, state: LinkState): RawBuilder<unknown> {
  if (state === 'ENDING')
    return sql`select k.id from link k where k.client_id = ${clientId} and k.status = 'ENDING'`;
  if (state === 'DISPUTED')
    return sql`${ofMembers(clientId, sql`c.state = 'DISPUTED'`)} union all ${requestedAs('DISPUTED')}`;
  if (state !== 'PENDING') return ofMembers(clientId, sql`c.state = ${state}`);
  return sql.join(
    [
      sql`select k.id from reconcile_job c
        join link k on k.client_id = c.client_id and k.discord_user_id = c.discord_user_id
        where c.client_id = ${clientId} and not c.is_parked`,
      ofMembers(clientId, sql`c.state is null`),
      ofMembers(clientId, sql`c.state = 'PENDING'`),
      sql`select k.id from link k where k.client_id = ${clientId} and not exists (
        select from member c where c.client_id = k.client_id and c.discord_user_id = k.discord_user_id)`,
      requestedAs('OPEN'),
    ],
    sql` union all `,
  );
}

const requestedAs = (state: RequestState) =>
  sql`select r.link_id from remote_membership r where r.request_state = ${sql.lit(state)}`;

const ofMembers = (clientId: ClientId, condition: RawBuilder<unknown>) =>
  sql`select k.id from member c
    join link k on k.client_id = c.client_id and k.discord_user_id = c.discord_user_id
    where c.client_id = ${clientId} and ${condition}`;
