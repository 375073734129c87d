import { sql, type Kysely } from 'kysely';

import type {
  Cause,
  ClientId,
  DiscordUserId,
  Lane,
  MemberKey,
} from '../../model.js';
import type { Job } from '../../reconcile/ports.js';

/**
 * Claims due jobs, at most `capacity` of each client, most urgent lane first. A bot is leased to one process at a time, so a job
 * claimed by anybody else is one that its owner lost: it is free at once, no lease of its own has to run out.
 */
export async function claimJobs(
  db: Kysely<unknown>,
  owner: string,
  capacity: ReadonlyMap<ClientId, number>,
): Promise<readonly Job[]> {
  const { rows } = await sql<JobRow>`
    update reconcile_job j set
      claimed_by = ${owner}, claimed_version = j.version,
      claimed_causes = newest_causes(j.claimed_causes || j.causes), causes = '[]'
    from unnest(${[...capacity.keys()]}::uuid[], ${[...capacity.values()]}::int[]) as slot (client_id, capacity)
    cross join lateral (
      select r.client_id, r.discord_user_id from reconcile_job r
      join client c on c.id = r.client_id
      join bot_lease b on b.application_id = c.application_id
      where r.client_id = slot.client_id and r.due_at <= clock_timestamp() and r.claimed_by is distinct from ${owner}
        and b.owner = ${owner} and b.leased_until > clock_timestamp()
      order by r.lane desc, r.due_at limit slot.capacity for update of r skip locked
    ) next
    where j.client_id = next.client_id and j.discord_user_id = next.discord_user_id
    returning j.client_id, j.discord_user_id, j.version, j.lane, j.attempts, j.claimed_causes`.execute(
    db,
  );
  return rows.map(jobOf).sort((a, b) => b.lane - a.lane);
}

interface JobRow {
  readonly client_id: ClientId;
  readonly discord_user_id: DiscordUserId;
  readonly version: string;
  readonly lane: Lane;
  readonly attempts: number;
  readonly claimed_causes: readonly Cause[];
}

function jobOf(row: JobRow): Job {
  return {
    clientId: row.client_id,
    discordUserId: row.discord_user_id,
    version: Number(row.version),
    lane: row.lane,
    attempts: row.attempts,
    causes: row.claimed_causes,
  };
}

export async function nextDueAt(
  db: Kysely<unknown>,
  owner: string,
  clientIds: readonly ClientId[],
): Promise<Date | null> {
  const { rows } = await sql<{ due_ms: number | null }>`
    select min(extract(epoch from next.due_at) * 1000)::float8 as due_ms
    from unnest(${clientIds}::uuid[]) as c (id)
    cross join lateral (
      select r.due_at from reconcile_job r
      where r.client_id = c.id and r.claimed_by is distinct from ${owner}
      order by r.due_at limit 1
    ) next`.execute(db);
  const due = rows[0]?.due_ms ?? null;
  return due === null ? null : new Date(due);
}

export async function abandonJobs(
  db: Kysely<unknown>,
  owner: string,
  members: readonly MemberKey[],
): Promise<void> {
  await sql`
    update reconcile_job j set claimed_by = null, claimed_causes = '[]',
      causes = newest_causes(j.claimed_causes || j.causes)
    from unnest(${members.map((member) => member.clientId)}::uuid[],
      ${members.map((member) => member.discordUserId)}::text[]) as dropped (client_id, discord_user_id)
    where j.client_id = dropped.client_id and j.discord_user_id = dropped.discord_user_id
      and j.claimed_by = ${owner}`.execute(db);
}
