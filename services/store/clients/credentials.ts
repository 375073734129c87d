import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import type { ClientId, GuildId } from '../../model.js';
import { decryptSecret } from './client-rows.js';

/**
 * What the gateway needs to act for a client. `revision` changes whenever any of it may have
 * changed.
 */
export interface Credentials {
  readonly clientId: ClientId;
  readonly guildId: GuildId;
  readonly applicationId: string;
  readonly apiBase: string;
  readonly botToken: string;
  readonly revision: string;
}

export async function readCredentials(
  db: Db,
  keys: KeyRing,
  clientId: ClientId,
): Promise<Credentials> {
  const { rows } = await sql<Omit<Credentials, 'botToken' | 'clientId'> & { encrypted: string }>`
    select guild_id as "guildId", application_id as "applicationId", api_base as "apiBase", bot_token as encrypted,
      extract(epoch from updated_at)::text as revision
    from client where id = ${clientId}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new InputError('NOT_FOUND', `client ${clientId} does not exist`);
  const { encrypted, ...credentials } = row;
  const botToken = decryptSecret(keys, { id: clientId, botToken: encrypted }, 'botToken');
  return { ...credentials, clientId, botToken };
}
