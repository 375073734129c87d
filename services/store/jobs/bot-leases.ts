import { sql } from 'kysely';

import { inMs } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import type { KeyRing } from '../../lib/encryption.js';
import { LeaseLostError } from '../../lib/errors.js';
import type { MemberKey } from '../../model.js';
import type { LeasedBot, Renewal } from '../../reconcile/job.js';

export interface Leasing {
  readonly owner: string;
  readonly leaseMs: number;
  /**
   * Returns true only for a process that has certainly ended. Its bots can be leased before their
   * leases expire.
   */
  readonly isGone: (owner: string) => boolean;
  /**
   * This process leases only bots whose tokens it can decrypt. If no process can decrypt a bot's
   * token, the bot's work waits.
   */
  readonly keys: Pick<KeyRing, 'keyIds'>;
}

/** Condition on `client c`: this process has the key to decrypt its bot's token. */
export function isReadable({ keys }: Pick<Leasing, 'keys'>) {
  return sql`split_part(c.bot_token, '.', 1) = any(${keys.keyIds}::text[])`;
}

/**
 * Renews this process's bot leases for `leaseMs`, and leases free bots up to its share. Every
 * process computes the same shares: the bots divided by the processes, with the remainder going to
 * the processes that hold the most bots. So bots move only when needed, and with a single bot all
 * other processes are standbys.
 */
export async function renewBotLeases(db: Db, leasing: Leasing): Promise<Renewal> {
  const gone = await findGone(db, leasing);
  await reportForWork(db, leasing, gone);
  const { owner } = leasing;
  const until = botLeaseEnd(leasing);
  const { rows } = await sql<RenewalRow>`
    with holding as (
      select w.owner, count(b.application_id) as bots
      from worker w left join bot_lease b on b.owner = w.owner and (b.leased_until > clock_timestamp() or w.owner = ${owner})
      where w.live_until > clock_timestamp() group by w.owner
    ), place as (
      select owner, bots, row_number() over (order by bots desc, owner) as place, count(*) over () as workers from holding
    ), own as (
      select place.bots as held, total.bots / workers + (place <= total.bots % workers)::int as share
      from place, (select count(distinct c.application_id) as bots from client c where ${isReadable(leasing)}) total where owner = ${owner}
    ), kept as (
      update bot_lease set leased_until = ${until} where owner = ${owner} returning application_id, leased_until
    ), taken as (
      insert into bot_lease (application_id, owner, leased_until)
      select free.application_id, ${owner}, ${until} from (
        select distinct c.application_id from client c
        where ${isReadable(leasing)} and not exists (
          select from bot_lease b where b.application_id = c.application_id
            and (b.owner = ${owner} or (b.leased_until > clock_timestamp() and b.owner <> all(${gone}::text[]))))
        order by c.application_id limit (select greatest(0, share - held) from own)
      ) free
      on conflict (application_id) do update set owner = excluded.owner, leased_until = excluded.leased_until
      where bot_lease.leased_until <= clock_timestamp() or bot_lease.owner = any(${gone}::text[])
      returning application_id
    ), surplus as (
      (select application_id, leased_until from kept
      order by application_id desc limit (select greatest(0, held - share) from own))
      union
      select application_id, leased_until from kept
      where not exists (select from client c where c.application_id = kept.application_id and ${isReadable(leasing)})
    )
    select (select count(*)::int from taken) as gained,
      (select coalesce(jsonb_agg(jsonb_build_object('applicationId', s.application_id, 'leasedUntil', s.leased_until, 'clientIds',
        (select coalesce(jsonb_agg(c.id), '[]') from client c where c.application_id = s.application_id))), '[]')
      from surplus s) as surplus`.execute(db);
  return rows[0] ?? { gained: 0, surplus: [] };
}

interface RenewalRow {
  readonly gained: number;
  readonly surplus: readonly LeasedBot[];
}

export const botLeaseEnd = ({ leaseMs }: Pick<Leasing, 'leaseMs'>) => inMs(leaseMs);

async function findGone(db: Db, { owner, isGone }: Leasing): Promise<readonly string[]> {
  const { rows } = await sql<{ owner: string }>`
    select owner from worker where owner <> ${owner}
    union select owner from bot_lease where owner <> ${owner}`.execute(db);
  return rows.map((row) => row.owner).filter(isGone);
}

async function reportForWork(db: Db, leasing: Leasing, gone: readonly string[]): Promise<void> {
  const liveUntil = botLeaseEnd(leasing);
  await db
    .insertInto('worker')
    .values({ owner: leasing.owner, liveUntil })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ liveUntil }))
    .execute();
  // Does not wait for rows that another process is already deleting.
  await sql`
    delete from worker where owner in (
      select owner from worker where owner = any(${gone}::text[]) or live_until < clock_timestamp()
      for update skip locked)`.execute(db);
}

/** Frees these bots for other processes, if this process still holds them under the given lease. */
export async function letBotsGo(db: Db, owner: string, bots: readonly LeasedBot[]): Promise<void> {
  await sql`
    update bot_lease b set owner = '', leased_until = '-infinity'
    from unnest(${bots.map((bot) => bot.applicationId)}::text[], ${bots.map((bot) => bot.leasedUntil)}::timestamptz[])
      as n (application_id, leased_until)
    where b.owner = ${owner} and b.application_id = n.application_id and b.leased_until = n.leased_until`.execute(
    db,
  );
}

/** Frees all bots of this process, which is shutting down. */
export async function releaseBotLeases(db: Db, owner: string): Promise<void> {
  await db.deleteFrom('worker').where('owner', '=', owner).execute();
  await db
    .updateTable('bot_lease')
    .set({ owner: '', leasedUntil: sql`'-infinity'` })
    .where('owner', '=', owner)
    .execute();
}

/**
 * Locks the job until the transaction ends and returns its version. Throws LeaseLostError if
 * another process now owns the job or its bot.
 */
export async function lockJob(db: Db, member: MemberKey, owner: string): Promise<number> {
  const { rows } = await ownJob(member, owner).execute(db);
  const [row] = rows;
  if (row === undefined) throw jobLost(member);
  return Number(row.version);
}

/**
 * Query that locks the job and returns its version. It returns no row if this process no longer
 * owns the job or its bot.
 */
export const ownJob = (member: MemberKey, owner: string) => sql<{ version: string }>`
  select j.version from reconcile_job j
  join client c on c.id = j.client_id
  join bot_lease b on b.application_id = c.application_id
  where j.client_id = ${member.clientId} and j.discord_user_id = ${member.discordUserId}
    and j.claimed_by = ${owner} and b.owner = ${owner} and b.leased_until > clock_timestamp()
  for update of j`;

export function jobLost({ discordUserId, clientId }: MemberKey): LeaseLostError {
  return new LeaseLostError(
    `another process now owns the job of member ${discordUserId} of client ${clientId}`,
  );
}
