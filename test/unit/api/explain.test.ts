import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { aLink, CLIENT_ID, ownId, ROLE_ID } from '../../builders/api-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.calls.length = 0;
});

const EXPLAIN = `query ($id: ID!, $roleId: Snowflake!) { explainRole(id: $id, roleId: $roleId) {
  roleId roleName isMapped desired isHeld seenAt blockedBy unblockedBy sentence discordUser { id }
  mappings { mapping { id } group { id name } authority isRetired membership }
  lastChange { auditRecordId change at cause { kind id actor groupId } } } }`;

const ask = (
  given: { readonly id?: string; readonly roleId?: string } = {},
  key: string = KEYS.read,
) => api.ask(EXPLAIN, { id: ownId(0x20), roleId: ROLE_ID, ...given }, { key });

describe('explainRole', () => {
  it('returns every field of the explanation', async () => {
    const { body } = await ask();

    expect(body).toEqual({
      data: {
        explainRole: {
          roleId: ROLE_ID,
          roleName: 'Pilot',
          isMapped: true,
          desired: 'YES',
          isHeld: false,
          seenAt: '2026-11-22T17:00:00.000Z',
          blockedBy: ['ROLE_ABOVE_BOT'],
          unblockedBy: ['An administrator moves it.'],
          sentence: 'Alice lacks Pilot.',
          discordUser: { id: ownId(0x20) },
          mappings: [
            {
              mapping: { id: ownId(0x10) },
              group: { id: 'pilots', name: 'Pilots' },
              authority: 'PLATFORM',
              isRetired: false,
              membership: 'HELD',
            },
          ],
          lastChange: {
            auditRecordId: ownId(0x30),
            change: 'REMOVED',
            at: '2026-11-22T16:00:00.000Z',
            cause: {
              kind: 'EVENT',
              id: '123',
              actor: 'https://platform.example.org',
              groupId: null,
            },
          },
        },
      },
    });
    expect(api.calls.toSorted()).toEqual([
      'links.explainRole',
      'read.findLinks',
      'read.findMappings',
      'read.findPlatformGroups',
    ]);
  });

  it('returns null for a mapping that was removed in the meantime', async () => {
    api.world.mappings = [];

    const { body } = await ask();

    expect(body.errors).toBeUndefined();
    expect(body.data.explainRole.mappings[0].mapping).toBeNull();
  });

  it('accepts an id in upper case', async () => {
    const { body } = await ask({ id: ownId(0x20).toUpperCase() });

    expect(body.data.explainRole.sentence).toBe('Alice lacks Pilot.');
  });

  it.each([
    [{ id: 'x' }, [{ code: 'BAD_USER_INPUT', field: 'id' }]],
    [{ id: ownId(0x99) }, [{ code: 'NOT_FOUND', field: 'id' }]],
    [{ roleId: '399999999999999999' }, [{ code: 'NOT_FOUND', field: 'roleId' }]],
    [{ roleId: '12' }, [{ code: 'BAD_USER_INPUT', field: 'roleId' }]],
  ])('refuses %j', async (given, faults) => {
    const answer = await ask(given);

    expect(faultsOf(answer)).toEqual(faults);
    expect(answer.body.data?.explainRole ?? null).toBeNull();
  });

  it('returns NOT_FOUND to a limited key for a link at another client', async () => {
    api.world.links = [aLink(), aLink({ id: ownId(0x21), clientId: ownId(0x02) })];

    const elsewhere = await ask({ id: ownId(0x21) }, KEYS.limited);
    const here = await ask({}, KEYS.limited);

    expect(faultsOf(elsewhere)).toEqual([{ code: 'NOT_FOUND', field: 'id' }]);
    expect(here.body.data.explainRole.sentence).toBe('Alice lacks Pilot.');
  });
});

describe('a nickname template', () => {
  const mutations = {
    createDiscordClient: {
      name: 'New',
      guildId: '100000000000000009',
      applicationId: '200000000000000009',
      clientSecret: 's',
      botToken: 't',
    },
    updateDiscordClient: { id: CLIENT_ID },
  } as const;
  const names = [
    'createDiscordClient',
    'updateDiscordClient',
  ] as const satisfies readonly (keyof typeof mutations)[];
  const send = (name: (typeof names)[number], nicknamePolicy: object) =>
    api.ask(
      `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) {
        ${name}(input: $input) { client { nicknamePolicy { strategy template } } } }`,
      { input: { ...mutations[name], nicknamePolicy } },
    );

  it.each(names)('is refused by %s with an error that lists every fault', async (name) => {
    const template = `%name ${'x'.repeat(200)} %user`;

    const answer = await send(name, { strategy: 'TEMPLATE', template });

    expect(faultsOf(answer)).toEqual([
      { code: 'BAD_USER_INPUT', field: 'input.nicknamePolicy.template' },
    ]);
    const message = answer.body.errors?.[0]?.message ?? '';
    expect(message).toContain('%name is not a variable');
    expect(message).toContain('%user is not a variable');
    expect(message).toContain('at most 200 characters');
    expect(message).toContain('the template has no variable');
    expect(api.calls).not.toContain(`clients.${name.replace('Discord', '')}`);
  });

  it.each([
    ['', 'empty'],
    ['\u200b', 'empty'],
    ['Pilot', 'no variable'],
    ['%%username', 'no variable'],
    [`${'x'.repeat(32)}%character`, 'no room'],
    ['a\nb %username', 'control character'],
    ['x'.repeat(2001), '2000'],
  ])('is refused if it is %j', async (template, words) => {
    for (const strategy of ['TEMPLATE', 'NONE']) {
      const answer = await send('updateDiscordClient', { strategy, template });

      expect(faultsOf(answer)).toEqual([
        { code: 'BAD_USER_INPUT', field: 'input.nicknamePolicy.template' },
      ]);
      expect(answer.body.errors?.[0]?.message).toContain(words);
    }
  });

  it.each(names)('is accepted by %s if it is valid', async (name) => {
    const template = '[%corporation] %character 100%%';

    const { body } = await send(name, { strategy: 'TEMPLATE', template });

    expect(body.data[name].client.nicknamePolicy).toEqual({
      strategy: 'TEMPLATE',
      template,
    });
  });
});
