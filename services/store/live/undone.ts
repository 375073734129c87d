import { type RawBuilder, sql } from 'kysely';

import type { ClientId } from '../../model.js';

/** Conditions on changes of member `a`; `withholdUndone` in SQL. */
const isUndone = (
  clientId: ClientId,
  roleId: RawBuilder<unknown>,
  its: RawBuilder<unknown>,
) => sql`exists (
  select from hand_change h where h.client_id = ${clientId} and h.discord_user_id = a.discord_user_id
    and h.role_id = ${roleId} and ${its})`;

const TRIED_LATER = sql`h.disputed_since is not null and h.next_try_at > statement_timestamp()`;

/** Others removed the role, and it is not granted now. */
export const isGrantUndone = (clientId: ClientId, roleId: RawBuilder<unknown>) =>
  isUndone(clientId, roleId, sql`not h.is_given and (h.is_held or ${TRIED_LATER})`);

/** Others added the role again, and it is not removed now. */
export const isRemovalUndone = (clientId: ClientId, roleId: RawBuilder<unknown>) =>
  isUndone(clientId, roleId, sql`h.is_given and ${TRIED_LATER}`);
