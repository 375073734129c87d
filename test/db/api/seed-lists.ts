import type pg from 'pg';

const uuid = (kind: number, number: string) =>
  `('0192f000-0000-7${String(kind).padStart(3, '0')}-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

/** Ids of the rows that `seedLists` inserts, by number. */
const ownId = (kind: number, number: number): string =>
  `0192f000-0000-7${String(kind).padStart(3, '0')}-8000-${number.toString(16).padStart(12, '0')}`;

const KINDS = { client: 1, link: 2, record: 3, sweep: 4, mapping: 5 } as const;

/**
 * The arguments that lead to the long lists: client 1 has the lists of rows, client 2 has the
 * settings and one person with everything.
 */
export const PLACES = {
  rowsClient: ownId(KINDS.client, 1),
  deepClient: ownId(KINDS.client, 2),
  deepLink: ownId(KINDS.link, 1_000_001),
  deepSweep: ownId(KINDS.sweep, 1_000_001),
  deepUser: 'everything',
  mappedRole: '500000000000000001',
} as const;

/** Fills every list of the schema with `count` items, in each place that leads to it. */
export async function seedLists(sql: pg.Client, count: number): Promise<void> {
  await seedRows(sql, count);
  await seedDeep(sql, count);
}

async function seedRows(sql: pg.Client, n: number): Promise<void> {
  const cause = `jsonb_build_array(jsonb_build_object('kind', 'MUTATION', 'id', 'r', 'actor', 'a', 'groupId', 'group-' || i))`;
  for (const statement of [
    `insert into client (id, name, guild_id, application_id, client_secret, bot_token, is_enabled, authority,
        unknown_membership, nickname_strategy, guard_minimum, guard_percent, email_rule, keeps_tokens, whole_list_writes,
        api_base, authorize_url, token_url, revoke_url, created_at, updated_at)
      select ${uuid(KINDS.client, 'i')}, 'client', (800000000000000000 + i)::text, '1', 's', 't', true, 'PLATFORM',
        'KEEP', 'NONE', 10, 10, 'NONE', false, true, 'http://a', 'http://b', 'http://c', 'http://d', now(), now()
      from generate_series(1, ${n + 1}) i`,
    `insert into role (client_id, id, name, position, color, is_managed)
      select ${uuid(KINDS.client, '1')}, (500000000000000000 + i)::text, 'role', i, 0, false from generate_series(1, 3) i`,
    `insert into platform_user (id, username) select 'user-' || i, 'name' from generate_series(1, ${n}) i`,
    `insert into platform_group (id, name) select 'group-' || i, 'name' from generate_series(1, ${n}) i`,
    `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
      select 'user-' || i, 'group-' || i, true, 1, false from generate_series(1, ${n}) i`,
    `insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select ${uuid(KINDS.link, 'i')}, ${uuid(KINDS.client, '1')}, 'user-' || i, (400000000000000000 + i)::text, 'ACTIVE', now()
      from generate_series(1, ${n}) i`,
    `insert into member (client_id, discord_user_id, state, role_ids, read_at)
      select ${uuid(KINDS.client, '1')}, (400000000000000000 + i)::text, 'IN_STEP',
        array['500000000000000001', '500000000000000002', (500000000000000000 + 10 + i)::text], now()
      from generate_series(1, ${n}) i`,
    `insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, disputed_since)
      select ${uuid(KINDS.client, '1')}, (400000000000000000 + i)::text, '500000000000000001', true, now(), now()
      from generate_series(1, ${n}) i`,
    `insert into role_mapping (id, client_id, group_id, role_id, created_at)
      select ${uuid(KINDS.mapping, 'i')}, ${uuid(KINDS.client, '1')}, 'group-1', (500000000000000000 + i)::text, now()
      from generate_series(1, 3) i`,
    `insert into sweep (id, client_id, kind, state, is_dry_run, cause)
      select ${uuid(KINDS.sweep, '2000000 + k.place')}, ${uuid(KINDS.client, '1')}, k.kind, 'HELD', false, '{}'
      from unnest(array['VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES', 'CHANGES']) with ordinality k (kind, place)
      where k.place <= ${n}`,
    `insert into unlinked_holder (client_id, role_id, discord_user_id, username, is_bot)
      select ${uuid(KINDS.client, '1')}, '${PLACES.mappedRole}', (410000000000000000 + i)::text, 'name', false
      from generate_series(1, ${n}) i`,
    `insert into remote_membership (link_id, mapping_id, has_role, request, request_state, request_id, asked_at, asked_order)
      select ${uuid(KINDS.link, 'i')}, ${uuid(KINDS.mapping, '1')}, true, 'ADDED', 'OPEN', gen_random_uuid(), now(), 'o'
      from generate_series(1, ${n}) i`,
    `insert into audit_record (id, client_id, discord_user_id, platform_user_id, causes, planned_added, planned_removed,
        guarded_removed, added, removed, outcome, opened_at, closed_at)
      select ${uuid(KINDS.record, 'i')}, ${uuid(KINDS.client, '1')}, (400000000000000000 + i)::text, 'user-' || i, ${cause},
        array['500000000000000001', (500000000000000010 + i)::text], array['500000000000000002'], '{}',
        array['500000000000000001', (500000000000000010 + i)::text], array['500000000000000002'], 'APPLIED', now(), now()
      from generate_series(1, ${n}) i`,
    sweeps({ count: n, after: 0, client: 1, members: Math.min(n, 3) }),
    `insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
      select client_id, discord_user_id, 0, now(), '[]' from link where id <= ${uuid(KINDS.link, String(n))}`,
  ])
    await sql.query(statement);
}

function sweeps(its: {
  readonly count: number;
  readonly after: number;
  readonly client: number;
  readonly members: number;
}): string {
  return `
    insert into sweep (id, client_id, kind, state, is_dry_run, cause, finished_at, plan)
    select ${uuid(KINDS.sweep, `${its.after} + i`)}, ${uuid(KINDS.client, String(its.client))}, 'VERIFY_GROUPS', 'DONE', true, '{}', now(),
      jsonb_build_object('hash', 'h', 'removals', 1, 'additions', 1, 'calls', 1, 'seconds', 1, 'members', (
        select jsonb_agg(jsonb_build_object('discordUserId', (400000000000000000 + m)::text, 'platformUserId', 'user-' || m,
          'add', jsonb_build_array('500000000000000001'), 'remove', jsonb_build_array('500000000000000002', (500000000000000010 + m)::text),
          'nickname', null, 'reason', 'r')) from generate_series(1, ${its.members}) m))
    from generate_series(1, ${its.count}) i`;
}

const LONG = '(select array_agg((500000000000000000 + g)::text) from generate_series(1, $count) g)';

/** The largest number of roles that a plan lists for each of these cases. */
export const PLANNED_EACH = 20;

/**
 * The cases a plan can list a role under. `kind`: the first digits of its role ids. `isHeld` null:
 * the membership is unknown.
 */
const PLANNED = [
  { kind: 51, isHeld: false, authority: 'PLATFORM', refusal: null },
  { kind: 52, isHeld: false, authority: 'PLATFORM', refusal: null },
  { kind: 53, isHeld: null, authority: 'PLATFORM', refusal: null },
  { kind: 54, isHeld: true, authority: 'PLATFORM', refusal: 'ABOVE_BOT' },
  { kind: 55, isHeld: false, authority: 'DISCORD', refusal: null },
] as const;

function seedPlanned(
  { kind, isHeld, authority, refusal }: (typeof PLANNED)[number],
  count: number,
): readonly string[] {
  const client = uuid(KINDS.client, '2');
  const role = `(${kind}0000000000000000 + i)::text`;
  const group = `'group-${kind}-' || i`;
  const each = `from generate_series(1, ${count}) i`;
  return [
    `insert into role (client_id, id, name, position, color, is_managed, refusal)
      select ${client}, ${role}, 'role', 1, 0, false, ${refusal === null ? 'null' : `'${refusal}'`} ${each}`,
    `insert into platform_group (id, name) select ${group}, 'name' ${each}`,
    `insert into role_mapping (id, client_id, group_id, role_id, authority, created_at)
      select ${uuid(KINDS.mapping, `${kind}000 + i`)}, ${client}, ${group}, ${role}, '${authority}', now() ${each}`,
    ...(isHeld === null
      ? []
      : [
          `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
            select '${PLACES.deepUser}', ${group}, ${isHeld}, 1, false ${each}`,
        ]),
  ];
}

async function seedDeep(sql: pg.Client, n: number): Promise<void> {
  const client = uuid(KINDS.client, '2');
  const link = `'${PLACES.deepLink}'::uuid`;
  for (const statement of [
    `insert into role (client_id, id, name, position, color, is_managed)
      select ${client}, (500000000000000000 + i)::text, 'role', i, 0, false from generate_series(1, ${n + 1}) i`,
    // As many mappings of one role, and as many roles with one mapping each.
    `insert into role_mapping (id, client_id, group_id, role_id, authority, created_at)
      select ${uuid(KINDS.mapping, '1000 + i')}, ${client}, 'group-' || i, '${PLACES.mappedRole}', 'PLATFORM', now()
      from generate_series(1, ${n}) i
      union all
      select ${uuid(KINDS.mapping, '2000 + i')}, ${client}, 'group-' || i, (500000000000000001 + i)::text, 'PLATFORM', now()
      from generate_series(1, ${n}) i`,
    `insert into platform_user (id, username) values ('${PLACES.deepUser}', 'name')`,
    `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
      select '${PLACES.deepUser}', 'group-' || i, true, 1, false from generate_series(1, ${n}) i`,
    // At every client except the first.
    `insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select ${uuid(KINDS.link, '1000000 + i')}, ${uuid(KINDS.client, '1 + i')}, '${PLACES.deepUser}', '400000000000999999',
        'ACTIVE', now() from generate_series(1, ${n}) i`,
    `insert into member (client_id, discord_user_id, state, role_ids, read_at)
      select ${client}, '400000000000999999', 'IN_STEP',
        array_agg((base + i)::text) || array(select (600000000000000000 + g)::text from generate_series(1, ${n}) g), now()
      from generate_series(1, ${Math.min(n, PLANNED_EACH)}) i, unnest(array[51, 52, 53, 55]) kind, lateral (select kind * 10000000000000000 as base) b`,
    `insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, disputed_since)
      values (${client}, '400000000000999999', '510000000000000001', true, now(), now())`,
    `update client set guard_minimum = 1000000 where id = ${client}`,
    ...PLANNED.flatMap((planned) => seedPlanned(planned, Math.min(n, PLANNED_EACH))),
    `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, sweep_id, reason)
      select ${client}, '400000000000999999', (520000000000000000 + i)::text, 'HELD', 'LIMIT', null, 'r'
      from generate_series(1, ${Math.min(n, PLANNED_EACH)}) i`,
    `insert into remote_membership (link_id, mapping_id, has_role, request, request_state, request_id, asked_at, asked_order)
      select ${link}, ${uuid(KINDS.mapping, '1000 + i')}, true, 'ADDED', 'OPEN', gen_random_uuid(), now(), 'o'
      from generate_series(1, ${n}) i`,
    sweeps({
      count: 1,
      after: 1_000_000,
      client: 2,
      members: Math.min(n, 100),
    }),
    `insert into schedule (client_id, kind, cron, time_zone, is_enabled)
      select ${client}, kind, '*/5 * * * *', 'UTC', true
      from unnest(array['VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES']) with ordinality k (kind, place)
      where k.place <= ${n}`,
    // One record, and one member of a plan, with as many roles as the lists have rows.
    `update audit_record set added = ${LONG}, removed = ${LONG}, planned_added = ${LONG}, planned_removed = ${LONG},
        ensured_added = ${LONG}, ensured_removed = ${LONG},
        causes = (select jsonb_agg((causes -> 0) || jsonb_build_object('actor', 'a' || g)) from generate_series(1, ${n}) g)
      where id = ${uuid(KINDS.record, '1')}`.replaceAll('$count', String(n)),
    `update sweep set plan = jsonb_set(jsonb_set(plan, '{members,0,add}', to_jsonb(${LONG})), '{members,0,remove}', to_jsonb(${LONG}))
      where id = ${uuid(KINDS.sweep, '1000001')}`.replaceAll('$count', String(n)),
    'analyze',
  ])
    await sql.query(statement);
}
