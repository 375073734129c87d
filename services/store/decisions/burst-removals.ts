import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId } from '../../model.js';
import type { RemovalCause } from '../../reconcile/write/records.js';
import { changes, mapped, standing, verdicts } from '../sweeps/drift-verdicts.js';
import type { Removal } from '../path/guard-tally.js';

export interface CausedRemoval extends Removal {
  readonly cause: RemovalCause;
}

export interface MarkedHolders {
  readonly clientId: ClientId;
  readonly accounts: readonly DiscordUserId[];
  /** One cause per account, in the same order. */
  readonly causes: readonly RemovalCause[];
}

/**
 * Returns the removals that runs of these members would make, given the facts, links, mappings and
 * mirror as of this transaction. Shares its SQL with the search for drift. Leaves out removals that
 * a person requested: by ending a single link, by an approval, or with `holders: TAKE_BACK`.
 */
export async function readBurst(
  db: Db,
  { clientId, accounts, causes }: MarkedHolders,
): Promise<readonly CausedRemoval[]> {
  const { rows } = await sql<CausedRemoval>`
    with marked as (
      select * from unnest(${accounts}::text[], ${causes}::text[]) as k (discord_user_id, cause)
    ), linked as materialized (
      select k.discord_user_id, k.cause, max(l.platform_user_id) filter (where l.status = 'ACTIVE') as platform_user_id,
        bool_and(l.status = 'ENDING') as is_ending, bool_or(l.status = 'ENDING') as has_ending
      from marked k join link l on l.client_id = ${clientId} and l.discord_user_id = k.discord_user_id
      group by k.discord_user_id, k.cause
      having not coalesce(bool_and(l.is_end_asked_for) filter (where l.status = 'ENDING'), false)
    ), actual as materialized (
      select k.*, true as is_known, false as grants_wait, m.is_present, m.role_ids
      from linked k join member m on m.client_id = ${clientId} and m.discord_user_id = k.discord_user_id
    ), mapped as materialized (${mapped(clientId)})
    select a.discord_user_id as "discordUserId", r.role_id as "roleId", a.cause
    from actual a
    cross join lateral (${standing}) s
    cross join lateral (${verdicts}) v
    cross join lateral (${changes(clientId)}) c
    cross join lateral unnest(c.remove) as r (role_id)
    where c.remove is not null and not exists (${takenBack}) and not exists (
      select from removal_decision w where w.client_id = ${clientId} and w.discord_user_id = a.discord_user_id
        and w.role_id = r.role_id and w.verdict = 'APPROVED')`.execute(db);
  return rows;
}

/** The SQL form of `isTakenBack` in `desiredRoles`. */
const takenBack = sql`
  select from mapped p where p.role_id = r.role_id
  having bool_and(p.is_retired) or bool_or(p.is_retired and not p.is_deleted and p.group_id = any(s.held_in))`;
