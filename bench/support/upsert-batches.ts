import type pg from 'pg';

import type { PlatformFact } from '../../services/model.js';

const UPSERT = `
  insert into membership (platform_user_id, group_id, is_held, is_snapshot, sequence, time_us)
  select u, g, h, false, s, t
  from unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[]) as n (u, g, h, s, t)
  on conflict (platform_user_id, group_id) do update set
    is_held = excluded.is_held, is_snapshot = excluded.is_snapshot,
    sequence = excluded.sequence, time_us = excluded.time_us
  where excluded.sequence > membership.sequence`;

/** The least that has to happen: rows in, if they are newer. Resolves with rows per second. */
export async function upsertBatches(
  client: pg.Client,
  batches: readonly (readonly PlatformFact[])[],
): Promise<number> {
  const startedAt = performance.now();
  let rows = 0;
  for (const batch of batches) {
    const facts = batch.filter((fact) => fact.kind === 'membershipChanged');
    await client.query('begin');
    await client.query(UPSERT, [
      facts.map((fact) => fact.platformUserId),
      facts.map((fact) => fact.groupId),
      facts.map((fact) => fact.change === 'added'),
      facts.map((fact) => fact.order.sequence),
      facts.map((fact) => fact.order.timeUs),
    ]);
    await client.query('commit');
    rows += facts.length;
  }
  return rows / ((performance.now() - startedAt) / 1_000);
}
