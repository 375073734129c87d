import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import { NOW } from '../connection/expressions.js';
import type { Db, Row } from '../entities/entities.js';
import type { KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import type { ClientId, DiscordUserId, TokenGrant } from '../../model.js';
import type { Database } from '../connection/database.js';

/**
 * Time within which a link must use a new grant. After that, the grant is revoked, because the
 * person left or the process died.
 */
const UNLINKED_MS = 2 * 60_000;

/** Condition on a row of `revocation`: a sign-in may still create the link that uses this grant. */
export const isUnlinked = (alias: string) => sql`
  (${sql.ref(`${alias}.attempts`)} = 0 and ${sql.ref(`${alias}.due_at`)} > clock_timestamp())`;

/** Names the token and its grant, so that a token copied to another row cannot be decrypted. */
export const tokenContext = (name: 'access token' | 'refresh token', grantId: string) =>
  `${name} of grant ${grantId}`;

export function createGrants({
  database,
  keys,
}: {
  readonly database: Database;
  readonly keys: KeyRing;
}) {
  const db = () => database.sql();
  return {
    /**
     * Stores a new grant in `revocation`, where it is revoked unless a link takes it in time, and
     * marks the ticket's code exchange as finished. Returns the grant's id.
     */
    async keepGrant(clientId: ClientId, grant: TokenGrant, ticketHash: string): Promise<string> {
      const id = uuidv7();
      const tokens = encryptTokens(keys, id, grant);
      const { rows } = await sql`
        with exchanged as (
          update link_ticket set attempt = null where ticket_hash = ${ticketHash} and spent_at is not null
        )
        insert into revocation (id, client_id, application_id, access_token, refresh_token, scopes, expires_at,
          client_secret, api_base, authorize_url, token_url, revoke_url, due_at)
        select ${id}, id, application_id, ${tokens.accessToken}, ${tokens.refreshToken}, ${grant.scopes}::text[],
          ${grant.expiresAt.toISOString()}::timestamptz, client_secret, api_base, authorize_url, token_url, revoke_url,
          clock_timestamp() + make_interval(secs => ${UNLINKED_MS / 1000}::float8)
        from client where id = ${clientId} returning 1`.execute(db());
      if (rows.length === 0) throw new InputError('NOT_FOUND', `client ${clientId} does not exist`);
      return id;
    },

    async discardGrant(grantId: string): Promise<void> {
      await db().updateTable('revocation').set({ dueAt: NOW }).where('id', '=', grantId).execute();
    },

    /** Returns null if the grant no longer exists. */
    async readGrant(grantId: string): Promise<TokenGrant | null> {
      const row = await db()
        .selectFrom('discord_grant')
        .select(['accessToken', 'refreshToken', 'scopes', 'expiresAt'])
        .where('id', '=', grantId)
        .executeTakeFirst();
      return row === undefined ? null : decryptGrant(keys, grantId, row);
    },

    /**
     * Stores renewed tokens. Call it before using them, because the old tokens are no longer valid.
     */
    async renewGrant(grantId: string, grant: TokenGrant): Promise<void> {
      const { scopes, expiresAt } = grant;
      await db()
        .updateTable('discord_grant')
        .set({ ...encryptTokens(keys, grantId, grant), scopes: [...scopes], expiresAt })
        .where('id', '=', grantId)
        .execute();
    },
  };
}

/**
 * Assigns a grant to a member who will be added to the guild. Deletes the member's earlier grant,
 * but its tokens stay valid as long as the new grant exists.
 */
export async function takeGrant(
  db: Db,
  request: {
    readonly grantId: string;
    readonly clientId: ClientId;
    readonly discordUserId: DiscordUserId;
  },
): Promise<void> {
  const { grantId, clientId, discordUserId } = request;
  await db
    .deleteFrom('discord_grant')
    .where('clientId', '=', clientId)
    .where('discordUserId', '=', discordUserId)
    .execute();
  const { rows } = await sql`
    with taken as (
      delete from revocation where id = ${grantId} and client_id = ${clientId} and attempts = 0 returning *
    )
    insert into discord_grant (id, client_id, discord_user_id, access_token, refresh_token, scopes, expires_at, is_join_wanted)
    select id, client_id, ${discordUserId}, access_token, refresh_token, scopes, expires_at, true from taken
    returning 1`.execute(db);
  if (rows.length === 0)
    throw new InputError(
      'FAILED_PRECONDITION',
      'the sign-in took too long: the tokens from Discord are being revoked',
    );
}

type GrantRow = Pick<Row<'discord_grant'>, 'accessToken' | 'refreshToken' | 'scopes' | 'expiresAt'>;

function encryptTokens(keys: KeyRing, grantId: string, grant: TokenGrant) {
  return {
    accessToken: keys.encrypt(grant.accessToken, tokenContext('access token', grantId)),
    refreshToken:
      grant.refreshToken === null
        ? null
        : keys.encrypt(grant.refreshToken, tokenContext('refresh token', grantId)),
  };
}

function decryptGrant(keys: KeyRing, grantId: string, row: GrantRow): TokenGrant {
  return {
    accessToken: keys.decrypt(row.accessToken, tokenContext('access token', grantId)),
    refreshToken:
      row.refreshToken === null
        ? null
        : keys.decrypt(row.refreshToken, tokenContext('refresh token', grantId)),
    expiresAt: row.expiresAt,
    scopes: row.scopes,
  };
}
