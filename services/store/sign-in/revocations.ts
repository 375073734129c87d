import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import type { KeyRing } from '../../lib/encryption.js';
import type { ClientId, DiscordUserId, OAuthApplication } from '../../model.js';
import type { DueRevocation, GrantUse } from '../../reconcile/ports.js';
import { decryptSecret } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import type { Db } from '../entities/entities.js';
import { isUnlinked, tokenContext } from './grants.js';

const AT_ONCE = 20;

/**
 * Grants to revoke at Discord. Other processes leave a claimed grant alone for a minute. The
 * process that claimed it claims it again with its next claim, which it makes only when it is not
 * revoking. So no grant is lost with the answer to a claim.
 */
export function createRevocations({
  database,
  keys,
  owner,
}: {
  readonly database: Database;
  readonly keys: KeyRing;
  readonly owner: string;
}) {
  const db = () => database.sql();
  return {
    async claimDue(): Promise<readonly DueRevocation[]> {
      const { rows } = await sql<Row>`
        update revocation r set attempts = attempts + (claimed_by is distinct from ${owner})::int,
          claimed_by = ${owner}, due_at = clock_timestamp() + interval '1 minute'
        where r.id in (
          select id from revocation where due_at <= clock_timestamp() or claimed_by = ${owner}
          order by due_at limit ${AT_ONCE} for update skip locked)
        returning r.id, r.client_id, r.discord_user_id, r.application_id, r.access_token, r.refresh_token, r.attempts,
          coalesce((select client_secret from client c where c.id = r.client_id), r.client_secret) as client_secret,
          r.api_base, r.authorize_url, r.token_url, r.revoke_url`.execute(db());
      return rows.map((row) => dueOf(keys, row));
    },

    findUse: async (id: string, discordUserId: DiscordUserId) => findUse(db(), id, discordUserId),

    async wait(id: string, waitMs: number): Promise<void> {
      await sql`
        update revocation set claimed_by = null, due_at = clock_timestamp() + make_interval(secs => ${waitMs / 1000}::float8)
        where id = ${id} and claimed_by = ${owner}`.execute(db());
    },

    /** Postpones by a minute after the first attempt, and by up to an hour after later ones. */
    async postpone(id: string): Promise<void> {
      await sql`
        update revocation set claimed_by = null,
          due_at = clock_timestamp() + least(interval '1 hour', interval '1 minute' * power(2, least(attempts - 1, 6)))
        where id = ${id} and claimed_by = ${owner}`.execute(db());
    },

    async forget(id: string): Promise<void> {
      await sql`delete from revocation where id = ${id}`.execute(db());
    },

    /** When the next one falls due; null: none is waiting. */
    async nextDueAt(): Promise<Date | null> {
      const { rows } = await sql<{ due_ms: number | null }>`
        select min(extract(epoch from due_at) * 1000)::float8 as due_ms from revocation`.execute(
        db(),
      );
      const due = rows[0]?.due_ms ?? null;
      return due === null ? null : new Date(due);
    },
  };
}

interface Row {
  readonly id: string;
  readonly client_id: ClientId;
  readonly discord_user_id: DiscordUserId | null;
  readonly application_id: string;
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly attempts: number;
  readonly client_secret: string;
  readonly api_base: string;
  readonly authorize_url: string;
  readonly token_url: string;
  readonly revoke_url: string;
}

function dueOf(keys: KeyRing, row: Row): DueRevocation {
  return {
    id: row.id,
    clientId: row.client_id,
    discordUserId: row.discord_user_id,
    attempts: row.attempts,
    unlock: () => ({
      application: applicationOf(keys, row),
      accessToken: keys.decrypt(row.access_token, tokenContext('access token', row.id)),
      refreshToken:
        row.refresh_token === null
          ? null
          : keys.decrypt(row.refresh_token, tokenContext('refresh token', row.id)),
    }),
  };
}

function applicationOf(keys: KeyRing, row: Row): OAuthApplication {
  return {
    clientId: row.client_id,
    applicationId: row.application_id,
    clientSecret: decryptSecret(
      keys,
      { id: row.client_id, clientSecret: row.client_secret },
      'clientSecret',
    ),
    apiBase: row.api_base,
    authorizeUrl: row.authorize_url,
    tokenUrl: row.token_url,
    revokeUrl: row.revoke_url,
  };
}

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
