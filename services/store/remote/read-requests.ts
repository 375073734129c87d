import { sql } from 'kysely';

import type { ClientId, GroupId, LinkId, RoleId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import type { RequestedChange, RequestState } from '../../reconcile/plan/remote.js';
import { namedInSql } from '../names.js';
import { gathered, toDate, type Time } from '../read/page.js';

/** A clause about the requests of `link l`; null if there are none. */
export const SAID_OF_REQUESTS = sql`(
  select string_agg('the platform was asked to '
      || case r.request when 'ADDED' then 'add the user to ' else 'remove the user from ' end
      || ${namedInSql('group', sql`p.group_id`, sql`g.name`)}
      || case r.request_state when 'OPEN' then ' but has not done so yet' else ' but reports the opposite' end,
    '; ' order by r.asked_at, r.request_id)
  from remote_membership r join role_mapping p on p.id = r.mapping_id join platform_group g on g.id = p.group_id
  where r.link_id = l.id and r.request is not null)`;

/** Open requests to the platform per link, oldest first. */
export async function requestsOfLinks(db: Asker, linkIds: readonly LinkId[]) {
  const { rows } = await sql<Row>`
    select r.link_id, r.request_id, r.request, r.request_state, r.asked_at, m.client_id, m.group_id, m.role_id
    from remote_membership r join role_mapping m on m.id = r.mapping_id
    where r.link_id = any(${linkIds}::uuid[]) and r.request is not null
    order by r.asked_at, r.request_id`.execute(db);
  return gathered(linkIds, rows.map(toRequest), (request) => request.linkId);
}

interface Row {
  readonly link_id: LinkId;
  readonly request_id: string;
  readonly request: RequestedChange;
  readonly request_state: RequestState;
  readonly asked_at: Time;
  readonly client_id: ClientId;
  readonly group_id: GroupId;
  readonly role_id: RoleId;
}

function toRequest(row: Row) {
  return {
    id: row.request_id,
    linkId: row.link_id,
    clientId: row.client_id,
    groupId: row.group_id,
    roleId: row.role_id,
    change: row.request,
    state: row.request_state,
    askedAt: toDate(row.asked_at),
  };
}
