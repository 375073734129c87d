import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { aLink, CLIENT_ID, ownId } from '../../builders/api-views.js';
import { startSupergraph, type Supergraph } from '../../support/supergraph.js';
import { aWorld, KEYS, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
let supergraph: Supergraph;
beforeAll(async () => {
  api = await startApi();
  supergraph = await startSupergraph({
    url: api.url,
    key: KEYS.read,
    schemaKey: KEYS.admin,
  });
});
afterAll(async () => {
  await supergraph.stop();
  await api.server.stop();
});
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.calls.length = 0;
});

it('a query that starts at the platform is answered by both subgraphs', async () => {
  const answer = await supergraph.ask(`{ me {
    email username groups { name }
    discordUsers { state note client { name owner { email } } roles { name } platformUser { email } }
  } }`);

  const shared = { email: 'alice@platform.example' };
  expect(answer).toEqual({
    data: {
      me: {
        ...shared,
        username: 'alice',
        groups: [{ name: 'Pilots' }],
        discordUsers: [
          {
            state: 'IN_STEP',
            note: `seen ${ownId(0x20)}`,
            client: { name: 'Alliance', owner: shared },
            roles: [{ name: 'Pilot' }],
            platformUser: shared,
          },
          expect.objectContaining({
            note: `seen ${ownId(0x21)}`,
            client: { name: 'Elsewhere', owner: shared },
          }),
        ],
      },
    },
  });
});

it('a query that starts at the connector is answered by both subgraphs', async () => {
  const answer = await supergraph.ask(
    `query ($id: ID!) { discordUser(id: $id) { note platformUser { email discordUsers { id } } } }`,
    { id: ownId(0x20) },
  );

  expect(answer).toEqual({
    data: {
      discordUser: {
        note: `seen ${ownId(0x20)}`,
        platformUser: {
          email: 'alice@platform.example',
          discordUsers: [{ id: ownId(0x20) }, { id: ownId(0x21) }],
        },
      },
    },
  });
});

it('the connector resolves references stored by the platform, and returns null for an unknown one', async () => {
  const query = `query ($linkId: ID!, $clientId: ID!) {
    noted(linkId: $linkId, clientId: $clientId) { link { note discordUserId } client { id name } }
  }`;

  const known = await supergraph.ask(query, {
    linkId: ownId(0x20),
    clientId: CLIENT_ID,
  });
  const unknown = await supergraph.ask(query, {
    linkId: ownId(0x99),
    clientId: ownId(0x99),
  });

  expect(known).toMatchObject({
    data: {
      noted: {
        link: { discordUserId: aLink().discordUserId },
        client: { name: 'Alliance' },
      },
    },
  });
  expect(unknown).toMatchObject({ data: { noted: { link: null } } });
});

it('a platform list of 200 users costs the connector two statements', async () => {
  const ids = Array.from({ length: 200 }, (_, index) => `user-${index}`);
  api.world.users = ids.map((id) => ({
    id,
    username: id,
    attributes: {},
    hasSnapshot: false,
    deletedAt: null,
  }));

  const answer = await supergraph.ask(
    `query ($ids: [ID!]!) { fleet(ids: $ids) { email username groups { id } } }`,
    { ids },
  );

  expect(answer).toMatchObject({
    data: {
      fleet: ids.map((id) => ({
        email: `${id}@platform.example`,
        username: id,
        groups: [],
      })),
    },
  });
  expect(api.calls.toSorted()).toEqual(['read.findPlatformUsers', 'read.groupsOfPlatformUsers']);
});
