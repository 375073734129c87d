import { InputError } from '../../lib/errors.js';
import type { ClientId } from '../../model.js';
import { mayTouch, requireClientAccess } from '../access/access.js';
import type { DiscordClient } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { checkOwnId } from './checks.js';
import type { Loaders } from './loaders.js';
import type { RowLoader } from './rows.js';

/**
 * Returns the client that an input names. Throws BAD_USER_INPUT for a malformed id, FORBIDDEN for a
 * client outside the key's limit, NOT_FOUND for an unknown client.
 */
export async function requireClient(
  context: ApiContext,
  id: string,
  field: string,
): Promise<DiscordClient> {
  return clientThere(context, clientIdOf(context, id, field), field);
}

/**
 * Checks that the client exists, and runs `ask` at the same time, which saves a round trip. If both
 * fail, throws the error of the check.
 */
export async function askOfClient<Answer>(
  context: ApiContext,
  id: string,
  ask: (clientId: ClientId) => Promise<Answer>,
): Promise<Answer> {
  const field = 'clientId';
  const clientId = clientIdOf(context, id, field);
  const [client, answer] = await Promise.allSettled([
    clientThere(context, clientId, field),
    ask(clientId),
  ]);
  if (client.status === 'rejected') throw client.reason;
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

function clientIdOf(context: ApiContext, id: string, field: string): ClientId {
  const clientId: ClientId = checkOwnId(id, field);
  requireClientAccess(context, clientId, field);
  return clientId;
}

async function clientThere(
  context: ApiContext,
  clientId: ClientId,
  field: string,
): Promise<DiscordClient> {
  const client = await context.loaders.clients.load(clientId);
  if (!client) throw notFound(`Client ${clientId} does not exist.`, field);
  return client;
}

/**
 * Creates a function that returns a row by id. It throws NOT_FOUND for an unknown row and for a row
 * of a client outside the key's limit.
 */
const requireRow =
  <Row extends { readonly clientId: ClientId }>(
    noun: string,
    loaderOf: (loaders: Loaders) => RowLoader<string, Row | undefined>,
  ) =>
  async (context: ApiContext, given: string, field: string): Promise<Row> => {
    const id = checkOwnId(given, field);
    const row = await loaderOf(context.loaders).load(id);
    if (!row || !mayTouch(context, row.clientId))
      throw notFound(`${noun} ${id} does not exist.`, field);
    return row;
  };

export const requireLink = requireRow('Link', ({ links }) => links);
export const requireMapping = requireRow('Mapping', ({ mappings }) => mappings);
export const requireSweep = requireRow('Sweep', ({ sweeps }) => sweeps);

const notFound = (message: string, field: string) => new InputError('NOT_FOUND', message, field);
