import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { aLink, CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aWorld, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.world.links = [0x20, 0x22, 0x23].map((id) => aLink({ id: ownId(id) }));
  api.calls.length = 0;
});

const reads = () => api.calls.filter((call) => call.startsWith('read.'));

const PERSON = 'roles { name } platformUser { username groups { id } }';

describe('the data below a link', () => {
  it.each([
    `nodes { ${PERSON} }`,
    `edges { node { ${PERSON} } }`,
    `nodes { roles { name } } edges { node { platformUser { username groups { id } } } }`,
  ])('is read once for a whole page: %s', async (selection) => {
    const { body } = await api.ask(`{ discordUsers(clientId: "${CLIENT_ID}") { ${selection} } }`);

    expect(body.errors).toBeUndefined();
    expect(reads().toSorted()).toEqual([
      'read.findPlatformUsers',
      'read.findRoles',
      'read.groupsOfPlatformUsers',
      'read.pageLinks',
    ]);
  });

  it('is read once for a link that is requested under several aliases', async () => {
    const names = ['a', 'b', 'c'].map(
      (name) => `${name}: discordUser(id: "${ownId(0x20)}") { ${PERSON} }`,
    );

    const { body } = await api.ask(`{ ${names.join(' ')} }`);

    expect(body.data.a).toEqual(body.data.c);
    expect(body.data.b.platformUser.groups).toEqual([{ id: 'pilots' }]);
    expect(reads()).toHaveLength(4);
  });

  it('is not read if it is not requested, or excluded by a directive', async () => {
    await api.ask(
      `query ($no: Boolean!) { discordUsers(clientId: "${CLIENT_ID}") { nodes {
        id roles @include(if: $no) { name } ... @include(if: $no) { platformUser { groups { id } } } } } }`,
      { no: false },
    );

    expect(reads()).toEqual(['read.pageLinks']);
  });

  it('causes an error at its own field if it cannot be read, not at the link', async () => {
    api.fail('read.findPlatformUsers', new Error('password=hunter2'));

    const { body } = await api.ask(
      `{ discordUser(id: "${ownId(0x20)}") { roles { name } platformUser { username } } }`,
    );
    api.fail('read.findPlatformUsers', null);

    expect(body.errors).toMatchObject([
      {
        path: ['discordUser', 'platformUser'],
        extensions: { code: 'INTERNAL' },
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });
});
