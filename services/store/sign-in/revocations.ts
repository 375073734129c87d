import { setTimeout as sleep } from 'node:timers/promises';

import { type RawBuilder, sql } from 'kysely';

import type { KeyRing } from '../../lib/encryption.js';
import type { DiscordUserId, OAuthApplication } from '../../model.js';
import { decryptSecret } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { inMs, NOW } from '../connection/expressions.js';
import type { Db, Row } from '../entities/entities.js';
import { isUnlinked, tokenContext } from './grants.js';
import type { DueRevocation, GrantUse } from '../../reconcile/join/ports.js';

const AT_ONCE = 20;

/**
 * Queue of grants to revoke at Discord. Other processes cannot claim a claimed grant for a minute.
 * A process claims only when it is not revoking, and its next claim also returns the grants that it
 * has already claimed. So no grant is lost if the response to a claim is lost.
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
  const release = async (id: string, dueAt: RawBuilder<Date>) =>
    db()
      .updateTable('revocation')
      .set({ claimedBy: null, dueAt })
      .where('id', '=', id)
      .where('claimedBy', '=', owner)
      .execute();
  return {
    claimDue: async (): Promise<readonly DueRevocation[]> =>
      (await claimDue(db(), owner)).map((row) => dueOf(keys, row)),

    findUse: async (id: string, discordUserId: DiscordUserId) => findUse(db(), id, discordUserId),

    async wait(id: string, waitMs: number): Promise<void> {
      await release(id, inMs(waitMs));
    },

    /** Postpones by a minute after the first attempt, and by up to an hour after later ones. */
    async postpone(id: string): Promise<void> {
      await release(id, AFTER_ATTEMPT);
    },

    async forget(id: string): Promise<void> {
      await db().deleteFrom('revocation').where('id', '=', id).execute();
    },

    /** Returns when the next grant is due; null: none is waiting. */
    async nextDueAt(): Promise<Date | null> {
      const next = await db()
        .selectFrom('revocation')
        .select('dueAt')
        .orderBy('dueAt')
        .limit(1)
        .executeTakeFirst();
      return next?.dueAt ?? null;
    },
  };
}

async function claimDue(db: Db, owner: string): Promise<readonly Claimed[]> {
  return db
    .updateTable('revocation')
    .set({
      attempts: sql`attempts + (claimed_by is distinct from ${owner})::int`,
      claimedBy: owner,
      dueAt: inMs(60_000),
    })
    .where('id', 'in', (query) =>
      query
        .selectFrom('revocation')
        .select('id')
        .where((eb) => eb.or([eb('dueAt', '<=', NOW), eb('claimedBy', '=', owner)]))
        .orderBy('dueAt')
        .limit(AT_ONCE)
        .forUpdate()
        .skipLocked(),
    )
    .returning(RETURNED)
    .returning(CURRENT_SECRET.as('clientSecret'))
    .execute();
}

const AFTER_ATTEMPT = sql<Date>`
  clock_timestamp() + least(interval '1 hour', interval '1 minute' * power(2, least(attempts - 1, 6)))`;

const RETURNED = [
  'id',
  'clientId',
  'discordUserId',
  'applicationId',
  'accessToken',
  'refreshToken',
  'attempts',
  'apiBase',
  'authorizeUrl',
  'tokenUrl',
  'revokeUrl',
] as const;

/**
 * The client's current secret, because it may have been replaced since the grant. If the client was
 * deleted, the secret stored with the grant.
 */
const CURRENT_SECRET = sql<string>`
  coalesce((select client_secret from client c where c.id = revocation.client_id), revocation.client_secret)`;

type Claimed = Omit<Row<'revocation'>, 'scopes' | 'expiresAt' | 'dueAt' | 'claimedBy'>;

function dueOf(keys: KeyRing, row: Claimed): DueRevocation {
  const { id, clientId, discordUserId, attempts } = row;
  return {
    id,
    clientId,
    discordUserId,
    attempts,
    unlock: () => ({
      application: applicationOf(keys, row),
      accessToken: keys.decrypt(row.accessToken, tokenContext('access token', id)),
      refreshToken:
        row.refreshToken === null
          ? null
          : keys.decrypt(row.refreshToken, tokenContext('refresh token', id)),
    }),
  };
}

function applicationOf(keys: KeyRing, row: Claimed): OAuthApplication {
  const { clientId, applicationId, apiBase, authorizeUrl, tokenUrl, revokeUrl } = row;
  const clientSecret = decryptSecret(keys, { ...row, id: clientId }, 'clientSecret');
  return { clientId, applicationId, clientSecret, apiBase, authorizeUrl, tokenUrl, revokeUrl };
}

/**
 * Maximum wait, longer than the calls of one claim take. After this time, the sign-in continues.
 */
const MOST_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Waits until no revocation is in progress for the person's linked account, or for an unknown
 * account. Call it before sending the person to Discord: revoking one grant invalidates all codes
 * and tokens of the account at the application, even those granted while the call is in flight.
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
 * Saves the account of a grant to revoke, and returns whether its tokens are still needed. A
 * revocation commits its claim before it looks for sign-ins, and a sign-in binds its ticket before
 * it looks for claims. So if they run concurrently, at least one of them sees the other.
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
 * Condition on a ticket: its sign-in may still receive tokens, or has received tokens and not
 * stored them. A code exchange without a response counts as over after 15 seconds, which is longer
 * than any call takes.
 */
const isSigningIn = (alias: string, discordUserId: DiscordUserId) => sql`
  ((${sql.ref(`${alias}.attempt`)} is not null and ${sql.ref(`${alias}.spent_at`)} > clock_timestamp() - interval '15 seconds')
    or (${sql.ref(`${alias}.state_hash`)} is not null and ${sql.ref(`${alias}.expires_at`)} > clock_timestamp() and exists (
      select from link l where l.platform_user_id = ${sql.ref(`${alias}.platform_user_id`)}
        and l.discord_user_id = ${discordUserId})))`;
