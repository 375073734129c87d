import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { DiscordUserId } from '../../model.js';
import type { GrantUse } from '../../reconcile/ports.js';
import type { Database } from '../connection/database.js';
import { isUnlinked } from './grants.js';

/** Longer than the calls of one claim take; after that the sign-in continues. */
const MOST_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Revoking one grant ends all codes and tokens of the account at the application, including those
 * granted before the call arrives. So a person is sent to Discord only when no revocation is in
 * progress for their linked account, or for an unknown one.
 */
export async function awaitRevocations(database: Database, ticketHash: string): Promise<void> {
  const untilMs = performance.now() + MOST_WAIT_MS;
  const isUnderWay = async () => {
    const { rows } = await sql`
      select from link_ticket t join client c on c.id = t.client_id
      join revocation r on r.application_id = c.application_id
      where t.ticket_hash = ${ticketHash} and r.claimed_by is not null and r.due_at > clock_timestamp()
        and (r.discord_user_id is null or exists (
          select from link l where l.platform_user_id = t.platform_user_id and l.discord_user_id = r.discord_user_id))
      limit 1`.execute(database.sql());
    return rows.length > 0;
  };
  while (performance.now() < untilMs && (await isUnderWay())) await sleep(LOOK_EVERY_MS);
}

/**
 * A revocation commits its claim before looking for sign-ins, and a sign-in binds its ticket before
 * looking for claims. So of two concurrent ones at least one always sees the other.
 */
export async function findUse(db: Db, id: string, discordUserId: DiscordUserId): Promise<GrantUse> {
  const { rows } = await sql<{ use: GrantUse }>`
    update revocation r set discord_user_id = ${discordUserId} where id = ${id}
    returning case
      when exists (
        select from discord_grant g join client c on c.id = g.client_id
        where g.discord_user_id = ${discordUserId} and c.application_id = r.application_id) then 'IN_USE'
      when exists (
        select from revocation n where n.id <> r.id and n.application_id = r.application_id
          and ${isUnlinked('n')} and coalesce(n.discord_user_id, ${discordUserId}) = ${discordUserId})
        or exists (
        select from link_ticket t join client c on c.id = t.client_id
        where c.application_id = r.application_id and ${isSigningIn('t', discordUserId)}) then 'SIGNING_IN'
      else 'NONE' end as use`.execute(db);
  return rows[0]?.use ?? 'NONE';
}

/**
 * A sign-in that may still be granted tokens, or was and has not stored them; without an answer it
 * is over after the longest call.
 */
const isSigningIn = (alias: string, discordUserId: DiscordUserId) => sql`
  ((${sql.ref(`${alias}.attempt`)} is not null and ${sql.ref(`${alias}.spent_at`)} > clock_timestamp() - interval '15 seconds')
    or (${sql.ref(`${alias}.state_hash`)} is not null and ${sql.ref(`${alias}.expires_at`)} > clock_timestamp() and exists (
      select from link l where l.platform_user_id = ${sql.ref(`${alias}.platform_user_id`)}
        and l.discord_user_id = ${discordUserId})))`;
