import { sql, type RawBuilder } from 'kysely';

import type {
  ClientId,
  DiscordUserId,
  GroupId,
  LinkId,
  LinkState,
  MemberKey,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import type { Asker } from '../together.js';
import { SAID_OF_REQUESTS } from '../remote/read-requests.js';
import {
  countOf,
  every,
  gathered,
  inOrder,
  limitOf,
  toDate,
  toDateOrNull,
  toRows,
  type Counted,
  type Page,
  type Rows,
  type Time,
} from './page.js';

export interface LinkFilter {
  readonly states?: readonly LinkState[];
  readonly platformUserIds?: readonly PlatformUserId[];
  readonly discordUserIds?: readonly DiscordUserId[];
  readonly roleId?: RoleId;
  readonly groupId?: GroupId;
}

interface LinkRow {
  readonly id: LinkId;
  readonly client_id: ClientId;
  readonly platform_user_id: PlatformUserId;
  readonly discord_user_id: DiscordUserId;
  readonly username: string | null;
  readonly display_name: string | null;
  readonly nickname: string | null;
  readonly role_ids: readonly RoleId[];
  readonly state: LinkState;
  readonly reason: string | null;
  readonly is_pending: boolean;
  readonly is_banned: boolean;
  readonly timed_out_until: Time | null;
  readonly last_reconciled_at: Time | null;
  readonly linked_at: Time;
}

/**
 * What a link shows: ending before all, then a mark that waits, then what came of the last run; before any, pending. Who is in step
 * but for what the platform was asked for is pending until the platform says so itself.
 */
const state = sql`case
  when l.status = 'ENDING' then 'ENDING'
  when j.client_id is not null then 'PENDING'
  when m.state = 'IN_STEP' and exists (select from remote_membership r where r.link_id = l.id and r.request_state = 'OPEN')
    then 'PENDING'
  else coalesce(m.state, 'PENDING')
end`;

const reason = sql`nullif(concat_ws('; ', m.reason, ${SAID_OF_REQUESTS}), '')`;

const columns = sql`l.id, l.client_id, l.platform_user_id, l.discord_user_id, l.linked_at,
  m.username, m.display_name, m.nickname, coalesce(m.role_ids, '{}') as role_ids, ${state} as state, ${reason} as reason,
  coalesce(m.is_pending, false) as is_pending, coalesce(m.join_refusal = 'BANNED', false) as is_banned, m.timed_out_until, m.last_reconciled_at`;

const tables = sql`link l
  left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
  left join reconcile_job j
    on j.client_id = l.client_id and j.discord_user_id = l.discord_user_id and not j.is_parked`;

export async function findLinks(db: Asker, ids: readonly LinkId[]) {
  const { rows } = await sql<LinkRow>`
    select ${columns} from ${tables} where l.id = any(${ids}::uuid[])`.execute(
    db,
  );
  return inOrder(ids, rows.map(toLink), (link) => link.id);
}

/** The active link, else the ending one that was made last. */
export async function findLinkByPlatformUser(
  db: Asker,
  clientId: ClientId,
  platformUserId: PlatformUserId,
) {
  const { rows } = await sql<LinkRow>`
    select ${columns} from ${tables}
    where l.client_id = ${clientId} and l.platform_user_id = ${platformUserId}
    order by l.status = 'ACTIVE' desc, l.id desc
    limit 1`.execute(db);
  return rows.map(toLink)[0];
}

export async function findLinksByMember(db: Asker, keys: readonly MemberKey[]) {
  const clientIds = keys.map((key) => key.clientId);
  const discordUserIds = keys.map((key) => key.discordUserId);
  const { rows } = await sql<LinkRow>`
    select distinct on (l.client_id, l.discord_user_id) ${columns} from ${tables}
    where (l.client_id, l.discord_user_id) in (
      select * from unnest(${clientIds}::uuid[], ${discordUserIds}::text[])
    )
    order by l.client_id, l.discord_user_id, l.status = 'ACTIVE' desc, l.id desc`.execute(
    db,
  );
  const keyOf = (key: MemberKey) => `${key.clientId}/${key.discordUserId}`;
  return inOrder(keys.map(keyOf), rows.map(toLink), keyOf);
}

export async function pageLinks(
  db: Asker,
  request: { clientId: ClientId; filter: LinkFilter; page: Page },
): Promise<Rows<ReturnType<typeof toLink>>> {
  const { clientId, filter, page } = request;
  const { rows } = await sql<LinkRow>`
    select ${columns} from ${tables}
    where ${every([
      ...conditions(clientId, filter),
      page.after === null ? null : sql`l.id > ${page.after}::uuid`,
    ])}
    order by l.id
    ${limitOf(page)}`.execute(db);
  return toRows(rows, page, toLink);
}

export async function countLinks(
  db: Asker,
  request: { clientId: ClientId; filter: LinkFilter },
): Promise<number> {
  const { rows } = await sql<Counted>`
    select count(*) from ${tables}
    where ${every(conditions(request.clientId, request.filter))}`.execute(db);
  return countOf(rows);
}

export async function linksOfPlatformUsers(
  db: Asker,
  ids: readonly PlatformUserId[],
) {
  const { rows } = await sql<LinkRow>`
    select ${columns} from ${tables}
    where l.platform_user_id = any(${ids}::text[])
    order by l.id`.execute(db);
  return gathered(ids, rows.map(toLink), (link) => link.platformUserId);
}

function conditions(
  clientId: ClientId,
  filter: LinkFilter,
): (RawBuilder<unknown> | null)[] {
  const { states, platformUserIds, discordUserIds, roleId, groupId } = filter;
  return [
    sql`l.client_id = ${clientId}`,
    states ? sql`${state} = any(${states}::text[])` : null,
    platformUserIds
      ? sql`l.platform_user_id = any(${platformUserIds}::text[])`
      : null,
    discordUserIds
      ? sql`l.discord_user_id = any(${discordUserIds}::text[])`
      : null,
    roleId === undefined ? null : sql`m.role_ids @> array[${roleId}]::text[]`,
    groupId === undefined
      ? null
      : sql`exists (
          select from membership s join platform_group g on g.id = s.group_id
          where s.platform_user_id = l.platform_user_id and s.group_id = ${groupId}
            and s.is_held and g.deleted_at is null
        )`,
  ];
}

function toLink(row: LinkRow) {
  return {
    id: row.id,
    clientId: row.client_id,
    platformUserId: row.platform_user_id,
    discordUserId: row.discord_user_id,
    username: row.username,
    displayName: row.display_name,
    nickname: row.nickname,
    roleIds: row.role_ids,
    state: row.state,
    reason: row.reason,
    isScreening: row.is_pending,
    isBanned: row.is_banned,
    timedOutUntil: toDateOrNull(row.timed_out_until),
    lastReconciledAt: toDateOrNull(row.last_reconciled_at),
    linkedAt: toDate(row.linked_at),
  };
}
