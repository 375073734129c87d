import type { DiscordClient } from '../api/clients/discord-client.types.js';
import type { DiscordCredentials } from '../discord/rest/bots.js';
import type { DiscordRest } from '../discord/rest-api.js';
import type { DiscordOAuth } from '../discord/oauth/oauth.js';
import { InputError, TerminalError } from '../lib/errors.js';

export interface NewSecrets {
  readonly botToken?: string;
  readonly clientSecret?: string;
}

/** The client's new settings that its secrets depend on. */
export type SecretPlace = Pick<DiscordClient, 'id' | 'guildId' | 'applicationId' | 'endpoints'>;

export type TrySecrets = (place: SecretPlace, secrets: NewSecrets) => Promise<void>;

interface Deps {
  /**
   * Opens a separate gateway for one bot token. It shares the common budget of invalid requests.
   */
  readonly openGateway: (
    credentials: DiscordCredentials,
  ) => Pick<DiscordRest, 'readApplication' | 'stop'>;
  readonly oauth: Pick<DiscordOAuth, 'revoke'>;
}

/**
 * Checks new secrets at Discord before they replace working ones. Throws InputError if Discord
 * rejects them. If Discord does not respond, the secrets are accepted, and the client check reports
 * wrong ones later.
 */
export function createTrySecrets(deps: Deps): TrySecrets {
  return async (place, { botToken, clientSecret }) => {
    if (botToken !== undefined) await tryToken(deps, place, botToken);
    if (clientSecret !== undefined) await trySecret(deps, place, clientSecret);
  };
}

async function tryToken(
  { openGateway }: Deps,
  { id, guildId, applicationId, endpoints }: SecretPlace,
  botToken: string,
): Promise<void> {
  const { apiBase } = endpoints;
  const gateway = openGateway({ apiBase, botToken, applicationId, guildId });
  try {
    const guild = { clientId: id, guildId, revision: 'new' };
    const application = await gateway.readApplication(guild);
    if (application.applicationId !== applicationId)
      throw refusal(
        'botToken',
        `The bot token belongs to application ${application.applicationId}, not to ${applicationId}.`,
      );
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof TerminalError && error.code === 'UNAUTHORIZED')
      throw refusal('botToken', 'Discord rejected the bot token.');
  } finally {
    await gateway.stop();
  }
}

/**
 * Checks a client secret by revoking a token that does not exist. This changes nothing, but Discord
 * checks the secret first.
 */
async function trySecret(
  { oauth }: Deps,
  { id: clientId, applicationId, endpoints }: SecretPlace,
  clientSecret: string,
): Promise<void> {
  const application = { clientId, applicationId, clientSecret, ...endpoints };
  try {
    await oauth.revoke(application, 'no-such-token');
  } catch (error) {
    if (error instanceof TerminalError && error.code === 'INVALID_CLIENT')
      throw refusal('clientSecret', 'Discord rejected the client secret.');
  }
}

function refusal(name: keyof NewSecrets, fault: string): InputError {
  return new InputError(
    'BAD_USER_INPUT',
    `${fault} Nothing was changed; the stored credentials stay in use.`,
    `input.${name}`,
  );
}
