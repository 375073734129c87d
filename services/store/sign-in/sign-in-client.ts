import type { KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { ClientId, EmailRule, GuildId, OAuthApplication } from '../../model.js';
import { decryptSecret } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { ClientEntity } from '../entities/client.entity.js';

interface SignInClient {
  readonly clientId: ClientId;
  readonly name: string;
  readonly guildId: GuildId;
  readonly callbackUrl: string | null;
  readonly inviteUrl: string | null;
  readonly email: EmailRule;
  readonly keepsTokens: boolean;
  readonly application: OAuthApplication;
}

/** A client with its secret, only for OAuth2 calls to Discord. */
export function createFindSignInClient(deps: {
  readonly database: Database;
  readonly keys: KeyRing;
}) {
  return async (clientId: ClientId): Promise<SignInClient> => {
    const em = deps.database.orm.em.fork();
    const row = await em.findOne(ClientEntity, { id: clientId });
    if (row === null) throw new InputError('NOT_FOUND', `client ${clientId} does not exist`);
    if (row.endingAt)
      throw new InputError(
        'FAILED_PRECONDITION',
        `${named('client', clientId, row.name)} is being deleted`,
      );
    return {
      clientId,
      name: row.name,
      guildId: row.guildId,
      callbackUrl: row.callbackUrl ?? null,
      inviteUrl: row.inviteUrl ?? null,
      email: row.emailRule,
      keepsTokens: row.keepsTokens,
      application: {
        clientId,
        applicationId: row.applicationId,
        clientSecret: decryptSecret(deps.keys, row, 'clientSecret'),
        apiBase: row.apiBase,
        authorizeUrl: row.authorizeUrl,
        tokenUrl: row.tokenUrl,
        revokeUrl: row.revokeUrl,
      },
    };
  };
}
