import { sql, type Kysely } from 'kysely';

import { LeaseLostError } from '../../lib/errors.js';
import type { ClientId, MemberKey } from '../../model.js';

/** Takes every bot that nobody works, or that was ours, until `leaseMs` from now. */
export async function renewBotLeases(
  db: Kysely<unknown>,
  owner: string,
  leaseMs: number,
): Promise<void> {
  await sql`
    insert into bot_lease (application_id, owner, leased_until)
    select distinct application_id, ${owner}, clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
    from client order by application_id
    on conflict (application_id) do update set owner = excluded.owner, leased_until = excluded.leased_until
    where bot_lease.owner = excluded.owner or bot_lease.leased_until < clock_timestamp()`.execute(
    db,
  );
}

export async function releaseBotLeases(
  db: Kysely<unknown>,
  owner: string,
): Promise<void> {
  await sql`delete from bot_lease where owner = ${owner}`.execute(db);
}

export async function workableClients(
  db: Kysely<unknown>,
  owner: string,
): Promise<readonly ClientId[]> {
  const { rows } = await sql<{ id: ClientId }>`
    select c.id from client c join bot_lease b using (application_id)
    where b.owner = ${owner} and b.leased_until > clock_timestamp() and c.is_enabled
      and c.stopped_at is null and (c.paused_until is null or c.paused_until <= clock_timestamp())`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

/** Locks the job for the rest of the transaction; throws when it, or its bot, is another process's by now. */
export async function lockJob(
  db: Kysely<unknown>,
  member: MemberKey,
  owner: string,
): Promise<{ readonly version: number; readonly claimedVersion: number }> {
  const { rows } = await sql<{ version: string; claimed_version: string }>`
    select j.version, j.claimed_version from reconcile_job j
    join client c on c.id = j.client_id
    join bot_lease b on b.application_id = c.application_id
    where j.client_id = ${member.clientId} and j.discord_user_id = ${member.discordUserId}
      and j.claimed_by = ${owner} and b.owner = ${owner} and b.leased_until > clock_timestamp()
    for update of j`.execute(db);
  const [row] = rows;
  if (row === undefined) {
    throw new LeaseLostError(
      `the job of member ${member.discordUserId} of client ${member.clientId} is no longer ours`,
    );
  }
  return {
    version: Number(row.version),
    claimedVersion: Number(row.claimed_version),
  };
}
