import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { ApolloGateway, IntrospectAndCompose, RemoteGraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';

import { silentLogger } from '../../services/lib/logger.js';

/** What a platform would know of its users, and say of our entities. */
const PLATFORM = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])

  type Query {
    me: PlatformUser!
    fleet(ids: [ID!]!): [PlatformUser!]!
    noted(linkId: ID!, clientId: ID!): Noted!
  }

  type Noted { link: DiscordUser client: DiscordClient }

  type PlatformUser @key(fields: "id") {
    id: ID!
    email: String!
    username: String @shareable
    page: PageInfo!
  }

  type DiscordUser @key(fields: "id") { id: ID! note: String! }

  type DiscordClient @key(fields: "id") { id: ID! owner: PlatformUser! }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }
`;

interface Keyed {
  readonly id: string;
}

const user = ({ id }: Keyed) => ({
  id,
  email: `${id}@platform.example`,
  username: id,
});

const resolvers = {
  Query: {
    me: () => user({ id: 'alice' }),
    fleet: (_source: unknown, args: { readonly ids: readonly string[] }) =>
      args.ids.map((id) => user({ id })),
    noted: (_source: unknown, args: { readonly linkId: string; readonly clientId: string }) => ({
      link: { id: args.linkId },
      client: { id: args.clientId },
    }),
  },
  PlatformUser: { __resolveReference: user },
  DiscordUser: {
    __resolveReference: (reference: Keyed) => reference,
    note: ({ id }: Keyed) => `seen ${id}`,
  },
  DiscordClient: {
    __resolveReference: (reference: Keyed) => reference,
    owner: () => user({ id: 'alice' }),
  },
};

export interface Supergraph {
  /** Runs one operation through the router. */
  ask(query: string, variables?: Readonly<Record<string, unknown>>): Promise<unknown>;
  stop(): Promise<void>;
}

/** A small platform beside the connector, composed from what both serve, behind a real gateway. */
export async function startSupergraph(connector: {
  readonly url: string;
  /** For what the router asks on behalf of callers. */
  readonly key: string;
  /** For reading the schema. */
  readonly schemaKey: string;
}): Promise<Supergraph> {
  const platform = new ApolloServer({
    schema: buildSubgraphSchema([{ typeDefs: parse(PLATFORM), resolvers }]),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(platform, {
    listen: { host: '127.0.0.1', port: 0 },
  });
  const gateway = new ApolloGateway({
    supergraphSdl: new IntrospectAndCompose({
      subgraphs: [
        { name: 'connector', url: `${connector.url}/graphql` },
        { name: 'platform', url },
      ],
      introspectionHeaders: {
        authorization: `Bearer ${connector.schemaKey}`,
      },
    }),
    buildService: (service) =>
      new RemoteGraphQLDataSource({
        ...service,
        willSendRequest: ({ request: { http } }) => {
          if (!http?.headers.has('authorization'))
            http?.headers.set('authorization', `Bearer ${connector.key}`);
        },
      }),
    logger: silentLogger,
  });
  const router = new ApolloServer({ gateway, logger: silentLogger });
  await router.start();
  return {
    ask: async (query, variables = {}) => {
      const { body } = await router.executeOperation({ query, variables });
      if (body.kind !== 'single') throw new Error('an answer in parts');
      return JSON.parse(JSON.stringify(body.singleResult));
    },
    stop: async () => {
      await router.stop();
      await platform.stop();
    },
  };
}
