import type { MembershipChanged } from '../../services/model.js';
import { dataOf } from './api-asking.js';
import { numbers } from './bench-guilds.js';
import { openSql } from './open-sql.js';
import { median, quantiles } from './quantiles.js';
import { upsertBatches } from './upsert-batches.js';

export const CHANGES = 1_000;

export interface Upserts {
  readonly mutationMs: number;
  readonly bareMs: number;
  readonly ratio: number;
}

/** In turns, on the same rows, every one of which changes each time. */
export async function measureUpserts(
  databaseUrl: string,
  port: number,
  isQuick: boolean,
): Promise<Upserts> {
  const sql = await openSql(databaseUrl);
  const turns = isQuick ? 10 : 40;
  const took: { mutation: number; bare: number }[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const facts = factsOf(turn * 2);
    const changes = facts.map(({ platformUserId, groupId, change, order }) => ({
      platformUserId,
      groupId,
      change: change === 'added' ? 'ADDED' : 'REMOVED',
      sequence: order.sequence,
    }));
    const startedAt = performance.now();
    const { recordMembershipChanges } = await dataOf(port, {
      query: `mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) {
        counts { applied } results { index ok verdict } } }`,
      variables: { input: { changes } },
    });
    const mutation = performance.now() - startedAt;
    if (!JSON.stringify(recordMembershipChanges).includes(`"applied":${CHANGES}`))
      throw new Error('not every change was applied');
    const rate = await upsertBatches(sql, [factsOf(turn * 2 + 1)]);
    took.push({ mutation, bare: (CHANGES / rate) * 1_000 });
  }
  await sql.end();
  const warm = took.slice(Math.floor(turns / 4));
  return {
    mutationMs: quantiles(warm.map((one) => one.mutation)).p50,
    bareMs: quantiles(warm.map((one) => one.bare)).p50,
    ratio: median(warm.map((one) => one.mutation / one.bare)),
  };
}

function factsOf(sequence: number): readonly MembershipChanged[] {
  return numbers(CHANGES).map((index) => ({
    kind: 'membershipChanged',
    platformUserId: `user-${index + 1}`,
    groupId: 'no-role-for-this-group',
    change: sequence % 4 < 2 ? 'added' : 'removed',
    order: { sequence, timeUs: sequence },
    cause: { kind: 'MUTATION', id: 'bench', actor: 'bench' },
  }));
}
