import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { toSubgraph } from '../../../services/api/federation/subgraph.js';
import { buildConnectorSchema } from '../../../services/api/schema.js';
import {
  aClient,
  aLink,
  aPlatformUser,
  CLIENT_ID,
  OTHER_CLIENT_ID,
  ownId,
} from '../../builders/api-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const ENTITIES = `query ($representations: [_Any!]!) { entities: _entities(representations: $representations) {
  __typename
  ... on DiscordClient { id name roles { id } }
  ... on DiscordUser { id state client { name } roles { name } }
  ... on PlatformUser { id username groups { id } discordUsers { id } }
} }`;

const client = (id: unknown = CLIENT_ID) => ({
  __typename: 'DiscordClient',
  id,
});
const link = (id: unknown = ownId(0x20)) => ({ __typename: 'DiscordUser', id });
const user = (id: unknown = 'alice') => ({ __typename: 'PlatformUser', id });

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.calls.length = 0;
});

const askFor = (
  representations: readonly unknown[],
  options: { readonly key?: string | null; readonly path?: string } = {},
) => api.ask(ENTITIES, { representations }, options);

describe('entities', () => {
  it.each(['/graphql', '/admin'])('are found by id at %s', async (path) => {
    const { body } = await askFor([user(), link(), client()], {
      key: KEYS.read,
      path,
    });

    expect(body.errors).toBeUndefined();
    expect(body.data.entities).toMatchObject([
      {
        __typename: 'PlatformUser',
        username: 'Alice',
        groups: [{ id: 'pilots' }],
        discordUsers: [{ id: ownId(0x20) }, { id: ownId(0x21) }],
      },
      { __typename: 'DiscordUser', client: { name: 'Alliance' } },
      { __typename: 'DiscordClient', id: CLIENT_ID, name: 'Alliance' },
    ]);
  });

  it('are null for an unknown id', async () => {
    const { body } = await askFor([client(ownId(0x99)), link(ownId(0x99)), user('zoe')]);

    expect(body).toEqual({ data: { entities: [null, null, null] } });
  });

  it('are refused without a valid key, and no port is called', async () => {
    for (const key of [null, 'a-key-nobody-has']) {
      const answer = await askFor([user(), link(), client()], { key });

      expect(faultsOf(answer)).toEqual([{ code: 'UNAUTHENTICATED' }]);
      expect(answer.body.data?.entities ?? null).toBeNull();
    }
    expect(api.calls).toEqual([]);
  });

  it('of other clients are null for a key limited to one client', async () => {
    const theirs = [client(OTHER_CLIENT_ID), link(ownId(0x21))];

    const limited = await askFor([...theirs, client(), link(), user()], {
      key: KEYS.limited,
    });
    const unlimited = await askFor(theirs);

    expect(limited.body.errors).toBeUndefined();
    expect(limited.body.data.entities).toMatchObject([
      null,
      null,
      { id: CLIENT_ID },
      { id: ownId(0x20) },
      { discordUsers: [{ id: ownId(0x20) }] },
    ]);
    expect(unlimited.body.data.entities).toMatchObject([
      { id: OTHER_CLIENT_ID },
      { id: ownId(0x21) },
    ]);
  });

  it.each([
    ['that is no object', 7, ''],
    ['that is a list', [user()], '.__typename'],
    ['without a type', { id: 'alice' }, '.__typename'],
    ['of a type that is no string', { __typename: 1, id: 'a' }, '.__typename'],
    ['of an unknown type', { __typename: 'Corporation', id: 'a' }, '.__typename'],
    ['of a type without a key', { __typename: 'RoleMapping', id: 'a' }, '.__typename'],
    ['of what every object has', { __typename: 'constructor', id: 'a' }, '.__typename'],
    ['without an id', { __typename: 'PlatformUser', username: 'Alice' }, '.id'],
    ['whose id is a number', user(7), '.id'],
    ['whose id is empty', user(''), '.id'],
    ['whose id is null', client(null), '.id'],
    ['whose id is not one of ours', link('alice'), '.id'],
  ])('contain an error for a reference %s, and resolve the others', async (_, bad, at) => {
    const answer = await askFor([user(), bad, client()]);

    expect(answer.status).toBe(200);
    expect(faultsOf(answer)).toEqual([
      { code: 'BAD_USER_INPUT', field: `representations[1]${at}` },
    ]);
    expect(answer.body.errors?.[0]?.path).toEqual(['entities', 1]);
    expect(answer.body.data.entities).toMatchObject([{ id: 'alice' }, null, { id: CLIENT_ID }]);
    expect(api.logged).toEqual([]);
  });

  it('are refused for more than 5,000 references', async () => {
    const answer = await askFor(Array.from({ length: 5001 }, () => user()));

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'representations' }]);
    expect(api.calls).toEqual([]);
  });

  it('cost as many statements for 200 references of each type as for one', async () => {
    const count = async (each: number) => {
      const numbers = Array.from({ length: each }, (_, index) => index);
      api.world.clients = numbers.map((n) => aClient({ id: ownId(0x1000 + n) }));
      api.world.links = numbers.map((n) =>
        aLink({
          id: ownId(0x2000 + n),
          clientId: ownId(0x1000 + n),
          platformUserId: `user-${n}`,
        }),
      );
      api.world.users = numbers.map((n) => aPlatformUser({ id: `user-${n}` }));
      api.calls.length = 0;
      const { body } = await askFor(
        numbers.flatMap((n) => [
          client(ownId(0x1000 + n)),
          link(ownId(0x2000 + n)),
          user(`user-${n}`),
        ]),
      );
      expect(body.errors).toBeUndefined();
      expect(body.data.entities).toHaveLength(3 * each);
      expect(body.data.entities).not.toContain(null);
      return api.calls.toSorted();
    };

    const forOne = await count(1);
    expect(forOne.length).toBeGreaterThan(0);
    expect(await count(200)).toEqual(forOne);
  });
});

describe('the subgraph schema', () => {
  it('is served in production to admin keys only', async () => {
    const query = '{ service: _service { sdl } }';

    for (const path of ['/graphql', '/admin']) {
      const told = await api.ask(query, {}, { key: KEYS.admin, path });
      const small = await api.ask(query, {}, { key: KEYS.read, path });
      const refused = await api.ask(query, {}, { key: null, path });

      expect(told.body.data.service.sdl).toContain('type DiscordUser @key(fields: "id")');
      expect(faultsOf(refused)).toEqual([{ code: 'UNAUTHENTICATED' }]);
      expect(faultsOf(small)).toEqual([{ code: 'FORBIDDEN' }]);
      expect(JSON.stringify([refused.body, small.body])).not.toContain('@key');
    }
  });

  it('keeps every type and field of the schema it is made from', async () => {
    const plain = await buildConnectorSchema(null);
    const served = toSubgraph(plain);

    for (const type of Object.values(plain.getTypeMap())) {
      const twin = served.getType(type.name);
      expect(twin?.description, type.name).toEqual(type.description);
      if (!('getFields' in type)) continue;
      expect(twin && 'getFields' in twin, type.name).toBe(true);
      if (!twin || !('getFields' in twin)) continue;
      for (const [name, field] of Object.entries(type.getFields())) {
        const other = twin.getFields()[name];
        expect(String(other?.type), `${type.name}.${name}`).toBe(String(field.type));
        if (!('resolve' in field) || !other || !('resolve' in other)) continue;
        expect(other.resolve, `${type.name}.${name}`).toBe(field.resolve);
        expect(other.subscribe, `${type.name}.${name}`).toBe(field.subscribe);
      }
    }
  });
});
