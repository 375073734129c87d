import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { GUILD_ID } from '../../builders/member-facts.js';
import { createMappedClient } from '../../builders/store-world.js';
import { openRealApi, statementsOf, type RealApi } from './api-world.js';

const MOST = 5_000;
const BAD = 2_500;

let api: RealApi;
let clientId: string;
beforeAll(async () => {
  api = await openRealApi();
  const { client } = await createMappedClient(
    api.store,
    [{ groupId: 'pilots', roleId: '500000000000000001' }],
    { guildId: GUILD_ID },
  );
  clientId = client.id;
});
afterAll(async () => api.close());

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The item in the middle is invalid. */
const userId = (index: number) => (index === BAD ? '' : `user-${index}`);

interface Result {
  readonly index: number;
  readonly verdict?: string;
  readonly status?: string;
  readonly error?: { readonly field: string } | null;
  readonly field?: string | null;
}

async function payloadOf(mutation: string, input: unknown) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const fields =
    mutation === 'importDiscordUsers'
      ? 'results { index status field } counts { linked unchanged conflicts invalid } pendingMembers'
      : 'results { index verdict error { field } } counts { applied unchanged stale partial invalid } pendingMembers';
  const data = await api.ask(
    `mutation ($input: ${type}!) { payload: ${mutation}(input: $input) { ${fields} } }`,
    { input },
  );
  const payload: {
    readonly results: readonly Result[];
    readonly counts: Readonly<Record<string, number>>;
    readonly pendingMembers: number;
  } = JSON.parse(JSON.stringify(data['payload']));
  return payload;
}

const pending = async () => {
  const { discordClient } = await api.ask(
    'query ($id: ID!) { discordClient(id: $id) { pendingMembers } }',
    { id: clientId },
  );
  return discordClient;
};

const inOrder = (results: readonly Result[]) =>
  results.every(({ index }, place) => index === place);

describe('a bulk mutation', () => {
  it('links 4,999 of 5,000 users if one item is invalid, returns a result for each item in order and counts the pending members', async () => {
    const users = numbers(MOST).map((index) => ({
      platformUserId: userId(index),
      discordUserId: String(400_000_000_000_000_000n + BigInt(index)),
    }));

    const { results, counts, pendingMembers } = await payloadOf('importDiscordUsers', {
      clientId,
      users,
    });

    expect(counts).toEqual({
      linked: MOST - 1,
      unchanged: 0,
      conflicts: 0,
      invalid: 1,
    });
    expect(inOrder(results)).toBe(true);
    expect(results[BAD]).toEqual({
      index: BAD,
      status: 'INVALID',
      field: `input.users[${BAD}].platformUserId`,
    });
    expect(pendingMembers).toBe(MOST - 1);
    expect(await pending()).toEqual({ pendingMembers: MOST - 1 });
  });

  it.each([
    [
      'recordMembershipChanges',
      'changes',
      (index: number) => ({ groupId: 'pilots', change: 'ADDED', index }),
    ],
    ['replaceMemberships', 'users', () => ({ groupIds: ['pilots', 'others'] })],
  ] as const)(
    'applies 4,999 of 5,000 items if one is invalid, and counts pending members except parked ones (%s)',
    async (mutation, list, more) => {
      await api.sql.query('delete from reconcile_job');
      const items = numbers(MOST).map((index) => {
        const { index: _, ...rest } = { index, ...more(index) };
        return { platformUserId: userId(index), ...rest };
      });

      const { results, counts, pendingMembers } = await payloadOf(mutation, {
        [list]: items,
      });

      expect(counts).toEqual({
        applied: MOST - 1,
        unchanged: 0,
        stale: 0,
        partial: 0,
        invalid: 1,
      });
      expect(inOrder(results)).toBe(true);
      expect(results[BAD]?.error).toEqual({
        field: `input.${list}[${BAD}].platformUserId`,
      });
      expect(pendingMembers).toBe(MOST - 1);

      await api.sql.query(`delete from reconcile_job where discord_user_id > '400000000000000099'`);
      await api.sql.query(
        `update reconcile_job set is_parked = true where discord_user_id <= '400000000000000009'`,
      );
      expect(await pending()).toEqual({ pendingMembers: 90 });
    },
  );

  it('costs as many statements for 2,000 items as for 100', async () => {
    const record = async (from: number, count: number) =>
      statementsOf(async () =>
        payloadOf('recordMembershipChanges', {
          changes: numbers(count).map((index) => ({
            platformUserId: `user-${from + index}`,
            groupId: 'pilots',
            change: 'REMOVED',
          })),
        }),
      );

    expect(await record(100, 2_000)).toBe(await record(0, 100));
  });
});
