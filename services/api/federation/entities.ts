import { InputError } from '../../lib/errors.js';
import { mayTouch } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { checkList, checkOwnId, checkPlatformId } from '../kit/checks.js';

/** A router's reference to an entity: its type and key. */
interface Reference {
  readonly typeName: string;
  readonly id: string;
  readonly field: string;
}

type FindEntity = (context: ApiContext, reference: Reference) => Promise<object | null>;

/**
 * One for each type with a `@key`. They find what the query of the same name finds, for the same
 * callers.
 */
export const entityFinders: Readonly<Record<string, FindEntity>> = {
  DiscordClient: async (context, { id, field }) => {
    const client = await context.loaders.clients.load(checkOwnId(id, field));
    return client && mayTouch(context, client.id) ? client : null;
  },
  DiscordUser: async (context, { id, field }) => {
    const link = await context.loaders.links.load(checkOwnId(id, field));
    return link && mayTouch(context, link.clientId) ? link : null;
  },
  PlatformUser: async ({ loaders }, { id, field }) =>
    (await loaders.platformUsers.load(checkPlatformId(id, field))) ?? null,
};

/**
 * Entities for a list of references, in order; null: unknown, or hidden from this caller. Each is
 * its own promise: an invalid reference only affects itself, and the loaders batch all others.
 */
export function findEntities(
  context: ApiContext,
  references: readonly unknown[],
): readonly Promise<object | null>[] {
  checkList(references, LIST);
  return references.map((given, index) => findEntity(context, given, index));
}

const LIST = 'representations';

async function findEntity(
  context: ApiContext,
  given: unknown,
  index: number,
): Promise<object | null> {
  const reference = readReference(given, `${LIST}[${index}]`);
  const find = finderOf(reference.typeName);
  if (!find)
    throw new InputError(
      'BAD_USER_INPUT',
      `\`__typename\` must be one of ${Object.keys(entityFinders).join(', ')}.`,
      `${LIST}[${index}].__typename`,
    );
  const entity = await find(context, reference);
  return entity && { ...entity, __typename: reference.typeName };
}

function readReference(given: unknown, at: string): Reference {
  if (typeof given !== 'object' || given === null)
    throw new InputError('BAD_USER_INPUT', 'A representation must be an object.', at);
  const typeName: unknown = Reflect.get(given, '__typename');
  if (typeof typeName !== 'string')
    throw new InputError('BAD_USER_INPUT', '`__typename` is required.', `${at}.__typename`);
  const id: unknown = Reflect.get(given, 'id');
  if (typeof id !== 'string')
    throw new InputError('BAD_USER_INPUT', '`id` must be a string.', `${at}.id`);
  return { typeName, id, field: `${at}.id` };
}

/** The caller's word: what every object inherits is no type. */
function finderOf(typeName: string): FindEntity | undefined {
  return Object.hasOwn(entityFinders, typeName) ? entityFinders[typeName] : undefined;
}
