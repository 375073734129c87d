import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId, LinkId, RoleId } from '../../model.js';

/**
 * Deletes the decisions about the members of these links, and the record of their changes by hand. A
 * decision applies only to the facts it was based on, so call this in the transaction that records
 * newer facts.
 */
export async function forgetDecisionsOfLinks(db: Db, linkIds: readonly LinkId[]): Promise<void> {
  if (linkIds.length === 0) return;
  const isOfThem = sql`using link l
    where l.id = any(${linkIds}::uuid[]) and d.client_id = l.client_id and d.discord_user_id = l.discord_user_id`;
  await sql`
    with overridden as (delete from hand_change d ${isOfThem})
    delete from removal_decision d ${isOfThem}`.execute(db);
}

/**
 * Deletes the decisions about a role, and its changes by hand, after one of its mappings was created,
 * changed or retired.
 * Keeps removals held for a new mapping, or for one retired with `holders: LEAVE`, while a mapping
 * still names the role.
 */
export async function forgetDecisionsOfRole(
  db: Db,
  { clientId, roleId }: { readonly clientId: ClientId; readonly roleId: RoleId },
): Promise<void> {
  await sql`
    with overridden as (delete from hand_change where client_id = ${clientId} and role_id = ${roleId})
    delete from removal_decision where client_id = ${clientId} and role_id = ${roleId}
      and not (verdict = 'HELD' and ground = 'NEW_MAPPING' and exists (
        select from role_mapping m where m.client_id = ${clientId} and m.role_id = ${roleId}))`.execute(
    db,
  );
}

/**
 * Deletes all decisions and changes by hand of a client, for example after its authority or its rule for unknown
 * memberships changed.
 */
export async function forgetDecisionsOfClient(db: Db, clientId: ClientId): Promise<void> {
  await db.deleteFrom('removal_decision').where('clientId', '=', clientId).execute();
  await db.deleteFrom('hand_change').where('clientId', '=', clientId).execute();
}

/**
 * Deletes the removals held by the guard's limits, after the limits changed. Resolves to their
 * members, whose removals must be judged again.
 */
export async function forgetHeldByLimits(
  db: Db,
  clientId: ClientId,
): Promise<readonly DiscordUserId[]> {
  const rows = await db
    .deleteFrom('removal_decision')
    .where('clientId', '=', clientId)
    .where('verdict', '=', 'HELD')
    .where('ground', '=', 'LIMIT')
    .returning('discordUserId')
    .execute();
  return [...new Set(rows.map(({ discordUserId }) => discordUserId))];
}

/**
 * Deletes decisions, except rejections, about members who left and about roles that the member no
 * longer has. Under authority DISCORD a missing role is the reason for a request to the platform,
 * so its decision is kept.
 */
export async function forgetVanished(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    delete from removal_decision d using member m
    where d.client_id = ${clientId} and d.verdict <> 'REJECTED' and m.client_id = d.client_id
      and m.discord_user_id = d.discord_user_id and m.read_at is not null
      and not (m.is_present and (d.role_id = any(m.role_ids) or exists (
        select from role_mapping p join client c on c.id = p.client_id
        where p.client_id = d.client_id and p.role_id = d.role_id and p.retired_at is null
          and coalesce(p.authority, c.authority) = 'DISCORD')))`.execute(db);
}

/**
 * Closes plans without remaining removals. A trigger also closes a plan when its last removal is
 * deleted; this is the safety net.
 */
export async function closeDrained(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    update sweep s set finished_at = clock_timestamp(), state = case s.state when 'APPROVED' then 'DONE' else 'CANCELLED' end,
      reason = case s.state when 'APPROVED' then s.reason else 'nothing of its plan is left to do' end
    where s.client_id = ${clientId} and s.state in ('HELD', 'APPROVED')
      and not exists (select from removal_decision d where d.sweep_id = s.id and d.verdict <> 'REJECTED')`.execute(
    db,
  );
}
