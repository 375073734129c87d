import { sql, type Kysely } from 'kysely';

import { LeaseLostError } from '../../lib/errors.js';
import type { ClientId, MemberKey } from '../../model.js';

export interface Leasing {
  readonly owner: string;
  readonly leaseMs: number;
  /** True only of a process that is certain to have ended: its bots need not wait for their lease to run out. */
  readonly isGone: (owner: string) => boolean;
}

/** Takes every bot that nobody works, or that was ours, until `leaseMs` from now. */
export async function renewBotLeases(
  db: Kysely<unknown>,
  leasing: Leasing,
): Promise<void> {
  const { owner, leaseMs, isGone } = leasing;
  const others = await sql<{ owner: string }>`
    select distinct owner from bot_lease where owner <> ${owner}`.execute(db);
  const gone = others.rows.map((row) => row.owner).filter(isGone);
  await sql`
    insert into bot_lease (application_id, owner, leased_until)
    select distinct application_id, ${owner}, clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
    from client order by application_id
    on conflict (application_id) do update set owner = excluded.owner, leased_until = excluded.leased_until
    where bot_lease.owner = excluded.owner or bot_lease.leased_until < clock_timestamp()
      or bot_lease.owner = any(${gone}::text[])`.execute(db);
}

export async function releaseBotLeases(
  db: Kysely<unknown>,
  owner: string,
): Promise<void> {
  await sql`delete from bot_lease where owner = ${owner}`.execute(db);
}

/** Clients to work now. A bot that nobody ever held, because its client is new, is taken on the way. */
export async function workableClients(
  db: Kysely<unknown>,
  { owner, leaseMs }: Leasing,
): Promise<readonly ClientId[]> {
  const { rows } = await sql<{ id: ClientId }>`
    with taken as (
      insert into bot_lease (application_id, owner, leased_until)
      select distinct c.application_id, ${owner}, clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
      from client c where not exists (select from bot_lease b where b.application_id = c.application_id)
      on conflict do nothing returning application_id
    )
    select c.id from client c
    where c.is_enabled and c.stopped_at is null
      and (c.paused_until is null or c.paused_until <= clock_timestamp())
      and c.application_id in (
        select application_id from taken union all
        select application_id from bot_lease where owner = ${owner} and leased_until > clock_timestamp())`.execute(
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
