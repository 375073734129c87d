import {
  buildSubgraphSchema,
  type GraphQLResolverMap,
  printSubgraphSchema,
} from '@apollo/subgraph';
import { type GraphQLSchema, lexicographicSortSchema, parse } from 'graphql';
import { createResolversMap } from 'type-graphql';

import { InputError } from '../../lib/errors.js';
import { mayTouch, requireScope } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { checkList, checkOwnId, checkPlatformId } from '../kit/checks.js';

/**
 * Names the oldest federation version that has every feature we use, so that older routers can read
 * the schema. The directives are declared here for tools that only know plain GraphQL.
 */
const HEAD = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])

directive @link(url: String!, import: [String]) repeatable on SCHEMA

"""Services of a federation may ask for the type by these fields."""
directive @key(fields: String!) repeatable on OBJECT

"""Other services of a federation may serve it too."""
directive @shareable on FIELD_DEFINITION | OBJECT`;

/** Prints the schema as a subgraph in SDL, sorted, so that a diff shows real changes only. */
export function printSubgraph(schema: GraphQLSchema): string {
  const sdl = printSubgraphSchema(lexicographicSortSchema(schema));
  return `${HEAD}\n\n${withAir(sdl)}\n`;
}

/**
 * Adds the fields `_service` and `_entities`, which a federation router needs. The server serves
 * the returned schema.
 */
export function toSubgraph(schema: GraphQLSchema): GraphQLSchema {
  const subgraph = buildSubgraphSchema([
    { typeDefs: parse(printSubgraph(schema)), resolvers: resolversOf(schema) },
  ]);
  const fields = subgraph.getQueryType()?.getFields() ?? {};
  const { _entities: entities, _service: service } = fields;
  if (!entities || !service) throw new Error('no type of the schema has a key');
  service.description = 'For federation routers: this schema as a subgraph.';
  entities.description = 'For federation routers: the entities for these references.';
  entities.resolve = (
    _source: unknown,
    args: { readonly representations: readonly unknown[] },
    context: ApiContext,
  ) => {
    requireScope(context, 'discord:read');
    return findEntities(context, args.representations);
  };
  return subgraph;
}

/**
 * Returns type-graphql's resolver map with the TypeScript type that Apollo expects. The content is
 * the same.
 */
function resolversOf(schema: GraphQLSchema): GraphQLResolverMap<ApiContext> {
  const resolvers: object = createResolversMap(schema);
  return Object.fromEntries(Object.entries(resolvers));
}

/**
 * Adds an empty line before each described field, argument and value, as GraphQL's own printer
 * does.
 */
function withAir(sdl: string): string {
  const lines: string[] = [];
  let isInText = false;
  for (const line of sdl.split('\n')) {
    const marks = line.match(/(?<!\\)"""/g)?.length ?? 0;
    const isFirst = /[{(]$/.test(lines.at(-1) ?? '');
    if (!isInText && marks > 0 && line.startsWith(' ') && !isFirst) lines.push('');
    lines.push(line);
    if (marks === 1) isInText = !isInText;
  }
  return lines.join('\n');
}

/** A router's reference to an entity: its type and key. */
interface Reference {
  readonly typeName: string;
  readonly id: string;
  readonly field: string;
}

type FindEntity = (context: ApiContext, reference: Reference) => Promise<object | null>;

/**
 * One function for each type with a `@key`. It returns what the query for this type returns, with
 * the same access rules.
 */
const entityFinders: Readonly<Record<string, FindEntity>> = {
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
 * Returns the entities for a list of references, in order. An entity that is unknown, or that the
 * caller may not access, is null. Each entity is a separate promise, so that an invalid reference
 * does not affect the others. The loaders batch the reads.
 */
function findEntities(
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

/**
 * Uses `hasOwn`, because the name comes from the caller and could be an inherited one, like
 * `toString`.
 */
function finderOf(typeName: string): FindEntity | undefined {
  return Object.hasOwn(entityFinders, typeName) ? entityFinders[typeName] : undefined;
}
