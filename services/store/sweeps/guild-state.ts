import { sql } from 'kysely';

import type { Db, Row } from '../entities/entities.js';
import { type IdSet, createIdSet } from '../../lib/id-set.js';
import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import type { Expectation } from '../../sweep/ports.js';
import { isLive } from '../live/is-live.js';

/**
 * Returns the expected number of holders of each mapped role. Linked holders are counted in the
 * mirror, which includes the connector's writes since the last member list; unlinked holders are
 * those of the last list. Leaves out roles that the guild no longer has, because Discord does not
 * count them.
 */
export async function readExpectation(db: Db, clientId: ClientId): Promise<Expectation> {
  const { rows } = await sql<ExpectedRole>`
    with managed as (
      select distinct m.role_id, r.name from role_mapping m
      join role r on r.client_id = m.client_id and r.id = m.role_id
      where m.client_id = ${clientId} and r.refusal is distinct from 'UNKNOWN_ROLE'
    ), held as (
      select h.role_id, count(*)::int as holders from member a cross join lateral unnest(a.role_ids) as h (role_id)
      where a.client_id = ${clientId} and a.is_present and exists (
        select from link l where l.client_id = a.client_id and l.discord_user_id = a.discord_user_id)
      group by h.role_id
    )
    select m.role_id as "roleId", m.name, coalesce(h.holders, 0) as linked, (g.unlinked_holders ->> m.role_id)::int as unlinked,
      g.runs_since as "runsSince", ${isLive(sql`${clientId}::uuid`)} as "isLive", ${isBeingWritten(clientId)} as "isBeingWritten", statement_timestamp()::text as "asOf"
    from managed m left join held h using (role_id) left join guild_listing g on g.client_id = ${clientId}`.execute(
    db,
  );
  return {
    roleNames: new Map(rows.map((row) => [row.roleId, row.name])),
    linkedHolders: new Map(rows.map((row) => [row.roleId, row.linked])),
    expected: new Map(
      rows.map((row) => [row.roleId, row.unlinked === null ? null : row.linked + row.unlinked]),
    ),
    runsSince: rows[0]?.runsSince ?? null,
    isLive: rows[0]?.isLive ?? false,
    isBeingWritten: rows[0]?.isBeingWritten ?? false,
    asOf: rows[0]?.asOf ?? '-infinity',
  };
}

const isBeingWritten = (clientId: ClientId) => sql`
  exists (select from audit_record o where o.client_id = ${clientId} and o.closed_at is null)`;

/**
 * Number of records with the highest ids to check. Record ids contain the process's time, so if its
 * clock is behind, the newest record does not have the highest id.
 */
const NEWEST = 20;

/** Whether a record of the client is open, or was opened since `asOf`. */
export async function hasWritten(db: Db, clientId: ClientId, asOf: string): Promise<boolean> {
  const { rows } = await sql<{ hasWritten: boolean }>`
    select ${isBeingWritten(clientId)} or exists (
      select from (select opened_at from audit_record where client_id = ${clientId} order by id desc limit ${NEWEST}) r
      where r.opened_at >= ${asOf}::timestamptz) as "hasWritten"`.execute(db);
  return rows[0]?.hasWritten ?? false;
}

interface ExpectedRole extends Pick<Row<'role'>, 'name'> {
  readonly roleId: RoleId;
  readonly linked: number;
  readonly unlinked: number | null;
  readonly runsSince: number | null;
  readonly isLive: boolean;
  readonly isBeingWritten: boolean;
  readonly asOf: string;
}

interface LinkedMembers {
  /**
   * The database's time before the listing, as text to keep its microseconds. A member read after
   * this time is newer in the mirror than in the listing.
   */
  readonly askedAt: string;
  readonly linked: IdSet;
  /** The accounts in `linked` that were in the guild when last observed. */
  readonly present: IdSet;
}

/**
 * Reads linked and departed accounts, one page at a time, and stores them as numbers, because there
 * may be a million.
 */
export async function readLinkedMembers(
  db: Db,
  clientId: ClientId,
  {
    beforePage,
    atOnce = 10_000,
  }: {
    readonly beforePage: () => Promise<void>;
    readonly atOnce?: number;
  },
): Promise<LinkedMembers> {
  const { rows: now } = await sql<{ asked_at: string }>`
    select clock_timestamp()::text as asked_at`.execute(db);
  const linked: BigUint64Array[] = [];
  const present: BigUint64Array[] = [];
  let after: DiscordUserId | null = '';
  while (after !== null) {
    await beforePage();
    const page = await readLinkedPage(db, clientId, { after, limit: atOnce });
    linked.push(toNumbers(page));
    present.push(toNumbers(page.filter((row) => row.isPresent)));
    after = page.length < atOnce ? null : (page.at(-1)?.id ?? null);
  }
  return {
    askedAt: now[0]?.asked_at ?? '',
    linked: createIdSet(linked),
    present: createIdSet(present),
  };
}

interface LinkedRow extends Pick<Row<'member'>, 'isPresent'> {
  readonly id: DiscordUserId;
}

/**
 * Reads the mirror one member at a time, by key, because a query of the whole page would scan the
 * table.
 */
async function readLinkedPage(
  db: Db,
  clientId: ClientId,
  { after, limit }: { readonly after: DiscordUserId; readonly limit: number },
): Promise<readonly LinkedRow[]> {
  const { rows } = await sql<LinkedRow>`
    select k.id, coalesce(m.is_present, false) as "isPresent"
    from (
      select discord_user_id as id from link where client_id = ${clientId} and discord_user_id > ${after}
      union select discord_user_id from departed_account where client_id = ${clientId} and discord_user_id > ${after}
      order by id limit ${limit}
    ) k left join lateral (
      select bool_or(a.read_at is not null and a.is_present) as is_present from member a
      where a.client_id = ${clientId} and a.discord_user_id = k.id
    ) m on true
    order by k.id`.execute(db);
  return rows;
}

function toNumbers(rows: readonly LinkedRow[]): BigUint64Array {
  return BigUint64Array.from(rows, ({ id }) => BigInt(id));
}

export async function countLinkedMembers(db: Db, clientId: ClientId): Promise<number> {
  const { linked } = await db
    .selectFrom('link')
    .select((eb) => eb.fn.count('discordUserId').distinct().as('linked'))
    .where('clientId', '=', clientId)
    .executeTakeFirstOrThrow();
  return Number(linked);
}

/**
 * Returns the linked members with the oldest mirrors; if `isAbsent`, only those who were not in the
 * guild when last read. Leaves out absent members with a grant: their run would add them to the
 * guild, and a schedule must not bring back a member who left.
 */
export async function readOldest(
  db: Db,
  request: {
    readonly clientId: ClientId;
    readonly isAbsent: boolean;
    readonly limit: number;
  },
): Promise<readonly DiscordUserId[]> {
  const { clientId, isAbsent, limit } = request;
  const { rows } = await sql<{ id: DiscordUserId }>`
    select k.id from (select distinct discord_user_id as id from link where client_id = ${clientId}) k
    left join member m on m.client_id = ${clientId} and m.discord_user_id = k.id
    where (not ${isAbsent}::boolean or (m.read_at is not null and not m.is_present))
      and (m.is_present is not false or not exists (
        select from discord_grant g where g.client_id = ${clientId} and g.discord_user_id = k.id))
    order by m.read_at nulls first, k.id limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/**
 * Returns linked members who wait for Discord's membership screening, least recently read first.
 */
export async function readScreened(
  db: Db,
  { clientId, limit }: { readonly clientId: ClientId; readonly limit: number },
): Promise<readonly DiscordUserId[]> {
  const rows = await db
    .selectFrom('member as m')
    .innerJoin('client as c', 'c.id', 'm.clientId')
    .select('m.discordUserId')
    .where('m.clientId', '=', clientId)
    .where('m.isPending', '=', true)
    .where('m.isPresent', '=', true)
    .where('m.state', '!=', 'IN_STEP')
    .where('c.screening', '=', 'WAIT')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('link as l')
          .select('l.id')
          .whereRef('l.clientId', '=', 'm.clientId')
          .whereRef('l.discordUserId', '=', 'm.discordUserId'),
      ),
    )
    .orderBy('m.readAt')
    .limit(limit)
    .execute();
  return rows.map((row) => row.discordUserId);
}
