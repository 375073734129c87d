import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { createConnector, type Connector } from '../../../packages/sdk/src/client.js';
import { operations } from '../../../packages/sdk/src/generated/operations.js';
import { aLink, CLIENT_ID, ownId, ROLE_ID } from '../../builders/api-views.js';
import { aWorld, KEYS, startApi, type StartedApi } from '../api/start-api.js';

const LINK_ID = ownId(0x20);

let api: StartedApi;
let connector: Connector;
beforeAll(async () => {
  api = await startApi({}, { publicUrl: 'https://connector.example' });
  connector = createConnector({
    endpoint: `${api.url}/graphql`,
    token: KEYS.admin,
  });
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
});

/** One call of each operation. A missing one does not compile. */
const CALLS: {
  readonly [Name in keyof Connector]: (its: Connector) => Promise<unknown>;
} = {
  discordClients: (its) => its.discordClients(),
  discordClient: (its) => its.discordClient({ id: CLIENT_ID }),
  roleMappings: (its) => its.roleMappings({ clientId: CLIENT_ID }),
  discordUser: (its) => its.discordUser({ id: LINK_ID }),
  discordUserByPlatformId: (its) =>
    its.discordUserByPlatformId({
      clientId: CLIENT_ID,
      platformUserId: 'alice',
    }),
  discordUsers: (its) => its.discordUsers({ clientId: CLIENT_ID, first: 200 }),
  platformUser: (its) => its.platformUser({ id: 'alice' }),
  platformGroups: (its) => its.platformGroups({ first: 200 }),
  memberPlan: (its) => its.memberPlan({ id: LINK_ID }),
  explainRole: (its) => its.explainRole({ id: LINK_ID, roleId: ROLE_ID }),
  createRoleMapping: (its) =>
    its.createRoleMapping({
      clientId: CLIENT_ID,
      groupId: 'pilots',
      roleId: ROLE_ID,
    }),
  updateRoleMapping: (its) => its.updateRoleMapping({ id: ownId(0x10), authority: 'OBSERVE' }),
  retireRoleMapping: (its) => its.retireRoleMapping({ id: ownId(0x10), holders: 'LEAVE' }),
  beginDiscordLink: (its) => its.beginDiscordLink({ clientId: CLIENT_ID, platformUserId: 'zoe' }),
  linkDiscordUser: (its) =>
    its.linkDiscordUser({
      clientId: CLIENT_ID,
      platformUserId: 'zoe',
      discordUserId: '400000000000000009',
    }),
  importDiscordUsers: (its) =>
    its.importDiscordUsers({
      clientId: CLIENT_ID,
      users: [{ platformUserId: 'zoe', discordUserId: '400000000000000009' }],
    }),
  unlinkDiscordUser: (its) => its.unlinkDiscordUser({ id: LINK_ID }),
  reconcileDiscordUser: (its) => its.reconcileDiscordUser({ id: LINK_ID }),
  recordMembershipChanges: (its) =>
    its.recordMembershipChanges({
      changes: [{ platformUserId: 'alice', groupId: 'pilots', change: 'ADDED' }],
    }),
  replaceMemberships: (its) =>
    its.replaceMemberships({
      users: [{ platformUserId: 'alice', groupIds: ['pilots'] }],
    }),
  upsertPlatformUsers: (its) =>
    its.upsertPlatformUsers({ users: [{ id: 'alice', username: 'Alice' }] }),
  upsertPlatformGroups: (its) =>
    its.upsertPlatformGroups({ groups: [{ id: 'pilots', name: 'Pilots' }] }),
  restorePlatformUser: (its) => its.restorePlatformUser({ platformUserId: 'alice' }),
  deletePlatformUser: (its) => its.deletePlatformUser({ platformUserId: 'alice' }),
};

test.each(Object.entries(CALLS))('the API executes %s', async (_, call) => {
  const answer = await call(connector);

  expect(answer).toBeTypeOf('object');
  expect(answer).not.toBeNull();
});

test('the longest page stays within the cost limit of an operation', async () => {
  api.world.links = Array.from({ length: 200 }, (_, index) =>
    aLink({ id: ownId(0x1000 + index), platformUserId: `user-${index}` }),
  );
  api.world.users = api.world.links.map(({ platformUserId: id }) => ({
    id,
    username: null,
    attributes: {},
    hasSnapshot: false,
    deletedAt: null,
  }));

  const { nodes } = await connector.discordUsers({
    clientId: CLIENT_ID,
    first: 200,
  });

  expect(nodes).toHaveLength(200);
});

test('the README lists every operation', async () => {
  const readme = await readFile(
    new URL('../../../packages/sdk/README.md', import.meta.url),
    'utf8',
  );

  for (const name of Object.keys(operations)) expect(readme).toContain(`\`${name}\``);
});
