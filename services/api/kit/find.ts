import { InputError } from '../../lib/errors.js';
import type { ClientId, LinkId, MappingId } from '../../model.js';
import { mayTouch, requireClientAccess } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { checkOwnId } from './checks.js';
import type { DiscordClient } from '../clients/discord-client.types.js';
import type { DiscordUser } from '../links/discord-user.types.js';
import type { RoleMapping } from '../mappings/role-mapping.types.js';
import type { Sweep } from '../sweeps/sweep.types.js';

/** The client that an input names: well-formed, within the key's limit, and there. */
export async function requireClient(
  context: ApiContext,
  id: string,
  field: string,
): Promise<DiscordClient> {
  return clientThere(context, clientIdOf(context, id, field), field);
}

/**
 * Reads something of a client together with the check that it exists: one round trip instead of
 * two. A missing client is reported first.
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

/** A link of a client outside the key's limit is not there for it. */
export async function requireLink(
  context: ApiContext,
  id: string,
  field: string,
): Promise<DiscordUser> {
  const linkId: LinkId = checkOwnId(id, field);
  const link = await context.loaders.links.load(linkId);
  if (!link || !mayTouch(context, link.clientId))
    throw notFound(`Link ${linkId} does not exist.`, field);
  return link;
}

export async function requireMapping(
  context: ApiContext,
  id: string,
  field: string,
): Promise<RoleMapping> {
  const mappingId: MappingId = checkOwnId(id, field);
  const mapping = await context.loaders.mappings.load(mappingId);
  if (!mapping || !mayTouch(context, mapping.clientId))
    throw notFound(`Mapping ${mappingId} does not exist.`, field);
  return mapping;
}

export async function requireSweep(context: ApiContext, id: string, field: string): Promise<Sweep> {
  const sweepId = checkOwnId(id, field);
  const sweep = await context.loaders.sweeps.load(sweepId);
  if (!sweep || !mayTouch(context, sweep.clientId))
    throw notFound(`Sweep ${sweepId} does not exist.`, field);
  return sweep;
}

const notFound = (message: string, field: string) => new InputError('NOT_FOUND', message, field);
