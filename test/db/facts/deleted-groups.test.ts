import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { FactOrder, PlatformFact } from '../../../services/model.js';
import type { Store } from '../../../services/store/store.js';
import { GUILD_ID } from '../../builders/member-facts.js';
import { cause, createMappedClient, membership, nextOrder } from '../../builders/store-world.js';
import { openRealApi, type RealApi } from '../api/api-world.js';

const ROLE = '500000000000000001';
const PEOPLE = ['ann', 'bob', 'cem'];

let api: RealApi;
let store: Store;
let clientId: string;
beforeAll(async () => {
  api = await openRealApi();
  ({ store } = api);
  const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: ROLE }], {
    guildId: GUILD_ID,
  });
  clientId = client.id;
  for (const [index, platformUserId] of PEOPLE.entries())
    await store.links.linkMember({
      clientId,
      platformUserId,
      discordUserId: `60000000000000000${index}`,
      cause,
    });
});
afterAll(async () => api.close());
beforeEach(async () => {
  await api.sql.query(
    `truncate membership, reconcile_job;
     update platform_group set deleted_at = null, deletion_fence = null, fences = '{}'`,
  );
});

const group = (
  kind: 'groupDeleted' | 'groupChanged',
  order: FactOrder = nextOrder(),
): PlatformFact => ({ kind, groupId: 'pilots', order, cause });

/** Settles all members: no job waits, and the mirror shows these holders of the role. */
async function settleAll(holders: readonly string[]): Promise<void> {
  await api.sql.query('truncate reconcile_job');
  await api.sql.query(
    `insert into member (client_id, discord_user_id, read_at, role_ids)
     select client_id, discord_user_id, now(), case when platform_user_id = any($1) then array[$2] else '{}' end from link
     on conflict (client_id, discord_user_id) do update set role_ids = excluded.role_ids, read_at = now()`,
    [holders, ROLE],
  );
}

async function marked(): Promise<readonly string[]> {
  const { rows } = await api.sql.query(
    `select l.platform_user_id as id from reconcile_job j
     join link l using (client_id, discord_user_id) order by 1`,
  );
  return rows.map(({ id }) => id);
}

async function members(): Promise<readonly string[]> {
  const { rows } = await api.sql.query(
    `select platform_user_id as id from membership where is_held order by 1`,
  );
  return rows.map(({ id }) => id);
}

describe('a group that was deleted and is recreated under the same id', () => {
  it('starts empty except for newer facts', async () => {
    await store.applyFacts([
      membership('ann', 'pilots'),
      membership('bob', 'pilots', 'added', { sequence: 7, timeUs: 1 }),
    ]);
    await store.applyFacts([group('groupDeleted')]);
    await store.applyFacts([group('groupChanged')]);

    await store.applyFacts([membership('cem', 'pilots')]);

    expect(await members()).toEqual(['cem']);
    const [groups] = await store.read.groupsOfPlatformUsers(['ann']);
    expect(groups).toEqual([]);
  });

  it('accepts a member again by a mutation, whose time is its receipt', async () => {
    await store.applyFacts([membership('ann', 'pilots')]);
    await store.applyFacts([group('groupDeleted'), group('groupChanged')]);

    const { recordMembershipChanges } = JSON.parse(
      JSON.stringify(
        await api.ask(
          'mutation { recordMembershipChanges(input: { changes: [{ platformUserId: "ann", groupId: "pilots", change: ADDED }] }) { results { verdict } } }',
        ),
      ),
    );

    expect(recordMembershipChanges.results).toEqual([{ verdict: 'APPLIED' }]);
    expect(await members()).toEqual(['ann']);
  });

  it('loses its older memberships when the deletion arrives late, and marks exactly those members', async () => {
    const deletion = nextOrder();
    await store.applyFacts([
      membership('ann', 'pilots', 'added', { sequence: null, timeUs: 1 }),
      membership('bob', 'pilots'),
      group('groupChanged'),
    ]);
    await settleAll(['ann', 'bob']);

    await store.applyFacts([group('groupDeleted', deletion)]);

    expect(await members()).toEqual(['bob']);
    expect(await marked()).toEqual(['ann']);
    await settleAll(['bob']);
    await store.applyFacts([group('groupDeleted', deletion)]);
    expect(await marked()).toEqual([]);
  });
});

describe('the deletion of a group', () => {
  it('marks the members even if the role was not yet observed on them', async () => {
    await store.applyFacts(PEOPLE.map((id) => membership(id, 'pilots')));
    await settleAll([]);

    await store.applyFacts([group('groupDeleted')]);

    expect(await members()).toEqual([]);
    expect(await marked()).toEqual(PEOPLE);
  });

  it('removes an older membership that is recorded at the same time', async () => {
    for (let round = 0; round < 15; round += 1) {
      await api.sql.query(
        `truncate membership; delete from role_mapping; delete from platform_group`,
      );
      const order = nextOrder();
      const deletion = group('groupDeleted', nextOrder());
      await Promise.all([
        store.applyFacts([deletion]),
        store.applyFacts([membership('ann', 'pilots', 'added', order)]),
        store.applyFacts([membership('bob', 'pilots', 'added', order)]),
      ]);
      expect(await members()).toEqual([]);
    }
  });

  it('causes a warning when a member is added to the group', async () => {
    await store.applyFacts([group('groupDeleted')]);

    const { one, set } = JSON.parse(
      JSON.stringify(
        await api.ask(
          `mutation {
            one: recordMembershipChanges(input: { changes: [{ platformUserId: "ann", groupId: "pilots", change: ADDED }] }) { results { verdict } warnings }
            set: replaceMemberships(input: { users: [{ platformUserId: "bob", groupIds: ["pilots", "others"] }] }) { results { verdict } warnings } }`,
        ),
      ),
    );

    for (const payload of [one, set])
      expect(payload).toEqual({
        results: [{ verdict: 'APPLIED' }],
        warnings: [expect.stringContaining('Deleted groups: pilots.')],
      });
  });

  it('is named in the result of a membership that it outranks, with the time to retry', async () => {
    const timeUs = (Date.now() + 240_000) * 1000;
    await store.applyFacts([
      group('groupDeleted', { sequence: null, timeUs }),
      group('groupChanged', { sequence: null, timeUs: timeUs + 1 }),
    ]);

    const { recordMembershipChanges } = JSON.parse(
      JSON.stringify(
        await api.ask(
          'mutation { recordMembershipChanges(input: { changes: [{ platformUserId: "ann", groupId: "pilots", change: ADDED }] }) { results { verdict error { code message } outrankedBy { kind groupId retryAt } } } }',
        ),
      ),
    );

    const retryAt = new Date(timeUs / 1000 + 1).toISOString();
    expect(recordMembershipChanges.results).toEqual([
      {
        verdict: 'STALE',
        error: {
          code: 'CONFLICT',
          message: expect.stringContaining('Group pilots was deleted'),
        },
        outrankedBy: [{ kind: 'GROUP_DELETION', groupId: 'pilots', retryAt }],
      },
    ]);
  });
});
