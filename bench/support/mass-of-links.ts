import type { PresentMember } from '../../services/model.js';
import { benchGuilds, type BenchGuild } from './bench-guilds.js';
import { openSql } from './open-sql.js';
import { stockStore } from './stock-store.js';

const MAPPED = 10;
/** Everybody is in every second one, so in five of those that are mapped. */
const GROUPS = 20;
export const MEMBERSHIPS_EACH = GROUPS / 2;
/** One link of so many lacks a role. */
const DRIFTED_EVERY = 1_000;
const FIRST_ACCOUNT = 500_000_000_000_000_000n;
/** Prime: accounts are linked to people in another order than the people's own. */
const STRIDE = 7_919;

/** A guild whose linked members are known by their place. */
export interface MassOfLinks {
  readonly guild: BenchGuild;
  readonly clientId: string;
  /** An even number, and no multiple of the stride. */
  readonly links: number;
}

export function massGuild(): BenchGuild {
  const [guild] = benchGuilds({ guilds: 1, rolesEach: MAPPED, membersEach: 1 });
  if (guild === undefined) throw new Error('there is no guild');
  return guild;
}

export const accountOf = (place: number) => String(FIRST_ACCOUNT + BigInt(place));

export const placeOf = (discordUserId: string) => Number(BigInt(discordUserId) - FIRST_ACCOUNT);

/** As Discord shows the member, which is as the mirror has them. */
export function shownMember(
  { roleIds }: BenchGuild,
  place: number,
): PresentMember & { readonly discordUserId: string } {
  const isDrifted = place % DRIFTED_EVERY === 0;
  return {
    discordUserId: accountOf(place),
    roleIds: roleIds.filter((_, role) => role % 2 === place % 2).slice(isDrifted ? 1 : 0),
    username: `member-${place}`,
    displayName: null,
    nickname: null,
    isPending: false,
    timedOutUntil: null,
  };
}

/** One client with so many linked members, in bulk and in step but for one in a thousand. */
export async function storeMass(databaseUrl: string, links: number): Promise<MassOfLinks> {
  const guild = massGuild();
  const [somebody] = await stockStore(databaseUrl, {
    guilds: [guild],
    apiBase: 'http://127.0.0.1:1/api/v10',
  });
  const clientId = somebody?.clientId ?? '';
  const sql = await openSql(databaseUrl);
  // Every row names what is made here: checking each again would take longer than all the rest.
  await sql.query('set session_replication_role = replica');
  await sql.query(`set maintenance_work_mem = '512MB'`);
  for (const table of ['reconcile_job', 'member', 'link', 'platform_user'])
    await sql.query(`delete from ${table}`);
  await sql.query('alter table membership drop constraint membership_pkey');
  await sql.query('drop index membership_group, member_roles');
  await sql.query(
    `insert into platform_group (id) select 'mapped-' || g from generate_series(0, $1::int - 1) g on conflict do nothing`,
    [GROUPS],
  );
  await sql.query(
    `insert into platform_user (id, snapshot_time_us) select 'user-' || n, 1 from generate_series(0, $1::int - 1) n`,
    [links],
  );
  // A person's together, as a snapshot of each writes them.
  await sql.query(
    `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
     select 'user-' || n, 'mapped-' || g, true, 1, true
     from generate_series(0, $1::int - 1) n cross join lateral generate_series(n % 2, $2::int - 1, 2) g`,
    [links, GROUPS],
  );
  await sql.query(
    `insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
     select gen_random_uuid(), $1, 'user-' || n::bigint * $4::int % $3::int, ($2::bigint + n)::text, 'ACTIVE', now()
     from generate_series(0, $3::int - 1) n`,
    [clientId, String(FIRST_ACCOUNT), links, STRIDE],
  );
  await sql.query(
    `insert into member (client_id, discord_user_id, read_at, username, state, last_reconciled_at, role_ids)
     select $1, ($2::bigint + n)::text, now() - interval '1 day', 'member-' || n, 'IN_STEP', now(), array(
       select r.id from unnest($4::text[]) with ordinality as r (id, place)
       where (r.place - 1) % 2 = n % 2 and not (n % $5::int = 0 and r.place <= 2) order by r.place)
     from generate_series(0, $3::int - 1) n`,
    [clientId, String(FIRST_ACCOUNT), links, guild.roleIds, DRIFTED_EVERY],
  );
  await sql.query('alter table membership add primary key (platform_user_id, group_id)');
  await sql.query('create index membership_group on membership (group_id, platform_user_id)');
  await sql.query('create index member_roles on member using gin (role_ids)');
  await sql.query('vacuum analyze');
  await sql.end();
  return { guild, clientId, links };
}
