/**
 * A process that answers the connector's requests without the connector: `apollo` and `yoga` from
 * constants, `sql` with the connector's own SQL behind a bare HTTP handler. The parent process
 * sends the answers to give and receives the port.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { createSchema, createYoga } from 'graphql-yoga';
import { z } from 'zod';

import { createBareSql } from './bare-sql.js';

const Told = z.object({
  kind: z.enum(['apollo', 'yoga', 'sql']),
  databaseUrl: z.string(),
  discordUser: z.unknown(),
  discordUsers: z.unknown(),
});
type Told = z.infer<typeof Told>;

const typeDefs = `
  type Query { discordUser(id: ID!): DiscordUser discordUsers(clientId: ID!, first: Int): Connection! }
  type Connection { nodes: [DiscordUser!]! pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! }
  type DiscordUser { id: ID! discordUserId: String! username: String displayName: String nickname: String state: String!
    roles: [Role!]! platformUser: PlatformUser! }
  type Role { id: String! name: String }
  type PlatformUser { id: ID! username: String groups: [Group!]! }
  type Group { id: ID! name: String }`;

async function listen(told: Told): Promise<number> {
  const { discordUser, discordUsers } = told;
  const resolvers = {
    Query: {
      discordUser: () => discordUser,
      discordUsers: () => discordUsers,
    },
  };
  if (told.kind === 'apollo') {
    const server = new ApolloServer({ typeDefs, resolvers });
    const address = { port: 0, host: '127.0.0.1' };
    const { url } = await startStandaloneServer(server, { listen: address });
    return Number(new URL(url).port);
  }
  if (told.kind === 'yoga') {
    const schema = createSchema({ typeDefs, resolvers });
    const yoga = createYoga({
      schema,
      logging: false,
      graphqlEndpoint: '/graphql',
    });
    return serve((request, response) => void yoga(request, response));
  }
  return serve(await sqlListener(told.databaseUrl));
}

const Asked = z.object({
  variables: z.object({
    id: z.string().optional(),
    clientId: z.string().optional(),
  }),
});

async function sqlListener(databaseUrl: string): Promise<RequestListener> {
  const bare = await createBareSql(databaseUrl);
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { variables } = Asked.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      const { id, clientId = '' } = variables;
      const answered = id === undefined ? bare.page(clientId, 50) : bare.user(id);
      void answered.then((answer) => {
        const body = JSON.stringify(answer);
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
        });
        response.end(body);
      });
    });
  };
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

process.once('message', (message) => {
  void listen(Told.parse(message)).then((port) => process.send?.({ port }));
});
process.once('disconnect', () => process.exit(0));
