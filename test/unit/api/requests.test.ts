import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { aLink, aPlatformGroup, CLIENT_ID, ownId, ROLE_ID } from '../../builders/api-views.js';
import { aWorld, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.calls.length = 0;
});

const QUERY = `{ discordUsers(clientId: "${CLIENT_ID}", first: 200) { edges { node {
  requests { id change state askedAt group { id name } role { id name } } } } } }`;

function populate(count: number): void {
  api.world.links = Array.from({ length: count }, (_, at) =>
    aLink({
      id: ownId(900 + at),
      platformUserId: `user-${at}`,
      discordUserId: `60000000000000${String(at).padStart(4, '0')}`,
    }),
  );
  api.world.requests = api.world.links.map((link, at) => ({
    id: ownId(5_000 + at),
    linkId: link.id,
    clientId: CLIENT_ID,
    groupId: 'miners',
    roleId: ROLE_ID,
    change: at % 2 === 0 ? ('ADDED' as const) : ('REMOVED' as const),
    state: at % 2 === 0 ? ('OPEN' as const) : ('DISPUTED' as const),
    askedAt: new Date('2026-11-22T17:00:00Z'),
  }));
  api.world.groups = [aPlatformGroup({ id: 'miners', name: 'Miners' })];
}

it('a link shows the requests sent to the platform', async () => {
  populate(2);

  const { body } = await api.ask(QUERY);

  const shown = body.data.discordUsers.edges.map(
    ({ node }: { node: { requests: unknown } }) => node.requests,
  );
  expect(shown).toMatchObject([
    [
      {
        id: ownId(5_000),
        change: 'ADDED',
        state: 'OPEN',
        askedAt: '2026-11-22T17:00:00.000Z',
        group: { id: 'miners', name: 'Miners' },
        role: { id: ROLE_ID, name: 'Pilot' },
      },
    ],
    [{ change: 'REMOVED', state: 'DISPUTED' }],
  ]);
});

it('the requests of a hundred links cost as many statements as those of one', async () => {
  populate(1);
  await api.ask(QUERY);
  const forOne = [...api.calls];
  api.calls.length = 0;
  populate(100);

  await api.ask(QUERY);

  expect(forOne).toContain('read.requestsOfLinks');
  expect(api.calls).toEqual(forOne);
});

it('a member plan shows the requests it would send to the platform', async () => {
  populate(2);

  const { body } = await api.ask(
    `{ memberPlan(id: "${api.world.links[0]?.id}") { requests { change isHeld group { name } role { name } } } }`,
  );

  const names = { group: { name: 'Miners' }, role: { name: 'Pilot' } };
  expect(body.data.memberPlan.requests).toEqual([
    { change: 'ADDED', isHeld: false, ...names },
    { change: 'REMOVED', isHeld: true, ...names },
  ]);
});
