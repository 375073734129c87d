import {
  buildSubgraphSchema,
  printSubgraphSchema,
  type GraphQLResolverMap,
} from '@apollo/subgraph';
import { lexicographicSortSchema, parse, type GraphQLSchema } from 'graphql';
import { createResolversMap } from 'type-graphql';

import { requireScope } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { findEntities } from './entities.js';

/**
 * The oldest federation version with everything we use, so that older routers can read it. Its
 * directives are declared here too, for tools that only know plain GraphQL.
 */
const HEAD = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])

directive @link(url: String!, import: [String]) repeatable on SCHEMA

"""Services of a federation may ask for the type by these fields."""
directive @key(fields: String!) repeatable on OBJECT

"""Other services of a federation may serve it too."""
directive @shareable on FIELD_DEFINITION | OBJECT`;

/**
 * The schema as one part of a supergraph, in SDL: sorted, so that a diff shows what changed and
 * nothing else.
 */
export function printSubgraph(schema: GraphQLSchema): string {
  const sdl = printSubgraphSchema(lexicographicSortSchema(schema));
  return `${HEAD}\n\n${withAir(sdl)}\n`;
}

/** The schema that is served: with what a router asks beyond it, `_service` and `_entities`. */
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

/** One library's map of resolvers is the other's, but for the names of its types. */
function resolversOf(schema: GraphQLSchema): GraphQLResolverMap<ApiContext> {
  const resolvers: object = createResolversMap(schema);
  return Object.fromEntries(Object.entries(resolvers));
}

/**
 * With an empty line before each described field, argument and value, as GraphQL's own printer has
 * it.
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
