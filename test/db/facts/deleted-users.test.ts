import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PlatformFact } from '../../../services/model.js';
import type { Store } from '../../../services/store/store.js';
import { GUILD_ID } from '../../builders/member-facts.js';
import { cause, createMappedClient, membership } from '../../builders/store-world.js';
import { openRealApi, type RealApi } from '../api/api-world.js';

let api: RealApi;
let store: Store;
let clientId: string;
beforeAll(async () => {
  api = await openRealApi();
  ({ store } = api);
  const { client } = await createMappedClient(
    store,
    [{ groupId: 'pilots', roleId: '500000000000000001' }],
    { guildId: GUILD_ID },
  );
  clientId = client.id;
});
afterAll(async () => api.close());

async function ask(query: string, input: object) {
  return JSON.parse(JSON.stringify(await api.ask(query, { input }))).payload;
}

const RESULTS =
  'results { ok verdict error { code message } outrankedBy { kind time actor retryAt } }';

const add = (platformUserId: string, sequence?: number) =>
  ask(
    `mutation ($input: RecordMembershipChangesInput!) { payload: recordMembershipChanges(input: $input) { ${RESULTS} } }`,
    {
      changes: [{ platformUserId, groupId: 'pilots', change: 'ADDED', sequence }],
    },
  );
const remove = (platformUserId: string) =>
  ask(
    'mutation ($input: DeletePlatformUserInput!) { payload: deletePlatformUser(input: $input) { platformUser { deletedAt } warnings } }',
    { platformUserId },
  );
const restore = (platformUserId: string) =>
  ask(
    'mutation ($input: RestorePlatformUserInput!) { payload: restorePlatformUser(input: $input) { platformUser { id username deletedAt groups { id } } warnings } }',
    { platformUserId },
  );

describe('a deleted user', () => {
  it('is reported in the result of every fact about them, with the time, the actor and what an admin can do', async () => {
    await add('xia');
    const { platformUser } = await remove('xia');

    const facts = [
      [
        `recordMembershipChanges(input: { changes: [{ platformUserId: "xia", groupId: "pilots", change: ADDED, sequence: 99 }] })`,
      ],
      [`replaceMemberships(input: { users: [{ platformUserId: "xia", groupIds: [] }] })`],
      [`upsertPlatformUsers(input: { users: [{ id: "xia", username: "Xia" }] })`],
    ];
    for (const [mutation] of facts) {
      const { payload } = JSON.parse(
        JSON.stringify(await api.ask(`mutation { payload: ${mutation} { ${RESULTS} } }`)),
      );
      const [{ verdict, error, outrankedBy }] = payload.results;
      expect(verdict).toBe('STALE');
      expect(error.code).toBe('CONFLICT');
      expect(error.message).toMatch(
        /^Platform user xia was deleted at 20.+Z by admin\. Nothing changed\. .*restorePlatformUser/,
      );
      expect(outrankedBy).toEqual([
        {
          kind: 'USER_DELETION',
          actor: 'admin',
          time: expect.any(String),
          retryAt: null,
        },
      ]);
      const deletedMs = Date.parse(platformUser.deletedAt);
      expect(Math.abs(Date.parse(outrankedBy[0].time) - deletedMs)).toBeLessThan(60_000);
    }
  });

  it('causes a warning when deleted again', async () => {
    await remove('yan');

    expect((await remove('yan')).warnings).toEqual(['The user was already deleted.']);
  });
});

describe('a restored user', () => {
  it('has no name, groups or links, and facts about them are applied again', async () => {
    await store.applyFacts([
      {
        kind: 'userChanged',
        platformUserId: 'zoe',
        username: 'Zoe',
        attributes: { character: 'Z' },
        order: { sequence: 3, timeUs: 1 },
        cause,
      },
    ]);
    await add('zoe', 12);
    await remove('zoe');

    const { platformUser, warnings } = await restore('zoe');

    expect(warnings).toEqual([]);
    expect(platformUser).toEqual({
      id: 'zoe',
      username: null,
      deletedAt: null,
      groups: [],
    });
    expect((await add('zoe')).results).toMatchObject([{ verdict: 'APPLIED' }]);
    const { rows } = await api.sql.query(
      `select count(*)::int as links from link where platform_user_id = 'zoe'`,
    );
    expect(rows).toEqual([{ links: 0 }]);
  });

  it('is not changed by facts and deletions up to the lifted deletion, only by newer ones', async () => {
    const us = Date.now() * 1000;
    const older: PlatformFact[] = [
      membership('ulf', 'pilots', 'added', {
        sequence: 50,
        timeUs: us - 9_000_000,
      }),
      {
        kind: 'userDeleted',
        platformUserId: 'ulf',
        order: { sequence: null, timeUs: us - 5_000_000 },
        cause,
      },
    ];
    await store.applyFacts(older);
    await restore('ulf');

    const replayed = await store.applyFacts(older);

    expect(replayed).toMatchObject([
      { verdict: 'stale', losses: [{ outrankedBy: { kind: 'userRestored' } }] },
      { verdict: 'stale', losses: [{ outrankedBy: { kind: 'userRestored' } }] },
    ]);
    expect((await restore('ulf')).warnings).toEqual(['The user is not deleted. Nothing changed.']);
    const newer = membership('ulf', 'pilots', 'added', {
      sequence: null,
      timeUs: us - 4_000_000,
    });
    expect(await store.applyFacts([newer])).toMatchObject([{ verdict: 'applied' }]);
    const again = {
      kind: 'userDeleted',
      platformUserId: 'ulf',
      order: { sequence: null, timeUs: us },
      cause,
    } as const;
    expect(await store.applyFacts([again])).toMatchObject([{ verdict: 'applied' }]);
    expect((await add('ulf')).results).toMatchObject([{ verdict: 'STALE' }]);
  });

  it('does not regain a link that is being removed', async () => {
    await store.links.linkMember({
      clientId,
      platformUserId: 'vic',
      discordUserId: '600000000000000009',
      cause,
    });
    await add('vic');
    await remove('vic');

    await restore('vic');
    await add('vic');

    const { rows } = await api.sql.query(`select status from link where platform_user_id = 'vic'`);
    expect(rows).toEqual([{ status: 'ENDING' }]);
  });

  it('must exist; an unknown id is rejected', async () => {
    const { errors } = await api.answer(
      'mutation { restorePlatformUser(input: { platformUserId: "nobody" }) { warnings } }',
    );

    expect(errors?.[0]?.message).toContain('platform user nobody does not exist');
  });
});
