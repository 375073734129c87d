import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openRealApi, statementsOf, type Data, type RealApi } from './api-world.js';
import { PLACES, seedLists } from './seed-lists.js';

const ROWS = 40;

let api: RealApi;
beforeAll(async () => {
  api = await openRealApi();
  await seedLists(api.sql, ROWS);
});
afterAll(async () => api.close());

/**
 * The paged lists, each with statements that insert, change and remove a row. `$1` of the insert is
 * a number that was never used before.
 */
const LISTS = [
  {
    field: 'discordUsers',
    args: `clientId: "${PLACES.rowsClient}"`,
    ids: `select id::text as id from link where client_id = '${PLACES.rowsClient}'`,
    insert: `with u as (insert into platform_user (id) values ('new-' || $1) returning id)
      insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select gen_random_uuid(), '${PLACES.rowsClient}', id, $1::text, 'ACTIVE', now() from u`,
    change: `update link set status = 'ENDING', linked_at = now() where id::text = $1`,
    remove: `delete from link where id::text = $1`,
  },
  {
    field: 'platformGroups',
    args: 'search: null',
    ids: 'select id from platform_group where deleted_at is null',
    insert: `insert into platform_group (id, name) values (md5($1::text), 'new')`,
    change: `update platform_group set name = 'another' where id = $1`,
    remove: `update platform_group set deleted_at = now() where id = $1`,
  },
  {
    field: 'sweeps',
    args: `clientId: "${PLACES.rowsClient}"`,
    ids: `select id::text as id from sweep where client_id = '${PLACES.rowsClient}'`,
    insert: `insert into sweep (id, client_id, kind, state, is_dry_run, cause)
      select gen_random_uuid(), '${PLACES.rowsClient}', 'VERIFY_GROUPS', 'DONE', true, jsonb_build_object('id', $1::text)`,
    change: `update sweep set state = 'FAILED', started_at = now() where id::text = $1`,
    remove: `delete from sweep where id::text = $1`,
  },
  {
    field: 'auditRecords',
    args: 'filter: null',
    ids: 'select id::text as id from audit_record',
    insert: `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
      values (gen_random_uuid(), '${PLACES.rowsClient}', 'new-' || $1, '[]', '{}', '{}', '{}', now())`,
    change: `update audit_record set closed_at = now(), opened_at = now() where id::text = $1`,
    remove: `delete from audit_record where id::text = $1`,
  },
] as const;

type List = (typeof LISTS)[number];

interface Page {
  readonly ids: readonly string[];
  readonly end: string | null;
  readonly hasMore: boolean;
}

async function pageOf({ field, args }: List, first: number, after: string | null): Promise<Page> {
  const data = await api.ask(
    `query ($first: Int, $after: String) { page: ${field}(${args}, first: $first, after: $after) {
      nodes { id } pageInfo { endCursor hasNextPage } } }`,
    { first, after },
  );
  const { nodes, pageInfo }: ConnectionLike = JSON.parse(JSON.stringify(data['page']));
  return {
    ids: nodes.map(({ id }) => id),
    end: pageInfo.endCursor,
    hasMore: pageInfo.hasNextPage,
  };
}

interface ConnectionLike {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: {
    readonly endCursor: string | null;
    readonly hasNextPage: boolean;
  };
}

const idsOf = async ({ ids }: List) =>
  (await api.sql.query<{ id: string }>(ids)).rows.map(({ id }) => id);

/** Park and Miller's generator: every run makes the same changes. */
function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/**
 * Inserts, changes and removes rows between two pages, among them rows already shown and the last
 * one shown.
 */
async function disturb(
  list: List,
  random: (below: number) => number,
  last: string | undefined,
): Promise<readonly string[]> {
  const gone: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await api.sql.query(list.insert, [900_000_000 + random(100_000_000)]);
    const ids = await idsOf(list);
    const changed = ids[random(ids.length)];
    await api.sql.query(list.change, [changed]);
  }
  const ids = await idsOf(list);
  const some = ids[random(ids.length)];
  for (const id of random(2) === 0 ? [last, some] : [some]) {
    if (id === undefined) continue;
    await api.sql.query(list.remove, [id]);
    gone.push(id);
  }
  return gone;
}

describe.each(LISTS)('pages of $field', (list) => {
  it.each([11, 12, 13])(
    'neither skip nor repeat a row that existed throughout, while rows are inserted, changed and removed (seed %i)',
    async (seed) => {
      const random = seeded(seed);
      const before = await idsOf(list);
      const gone = new Set<string>();
      const seen: string[] = [];
      let after: string | null = null;
      for (let pages = 0; pages < 1_000; pages += 1) {
        const page: Page = await pageOf(list, 1 + random(25), after);
        seen.push(...page.ids);
        if (!page.hasMore) break;
        after = page.end;
        for (const id of await disturb(list, random, page.ids.at(-1))) gone.add(id);
      }

      const stood = before.filter((id) => !gone.has(id));
      expect(stood.filter((id) => !seen.includes(id))).toEqual([]);
      expect(seen).toHaveLength(new Set(seen).size);
      expect(stood.length).toBeGreaterThan(10);
      expect(gone.size).toBeGreaterThan(0);
    },
  );

  it('count the whole list only when totalCount is selected', async () => {
    const asked = (fields: string) =>
      statementsOf(async () => api.ask(`{ ${list.field}(${list.args}) { ${fields} } }`));

    expect(await asked('nodes { id } totalCount')).toBe((await asked('nodes { id }')) + 1);
  });

  it('accept only cursors of their own list, and only `first` from 1 to 200', async () => {
    const others = LISTS.filter((other) => other !== list);
    for (const other of others) {
      const { end } = await pageOf(other, 1, null);
      expect(await faultOf(list, { first: 1, after: end })).toEqual(AFTER);
    }
    const { end } = await pageOf(list, 1, null);
    const cut = end?.slice(0, -1) ?? '';
    for (const after of ['', 'x', '%%%', `${end}=`, `${end}A`, cut])
      expect(await faultOf(list, { first: 1, after })).toEqual(AFTER);
    for (const first of [0, -1, 201])
      expect(await faultOf(list, { first, after: end })).toEqual({
        code: 'BAD_USER_INPUT',
        field: 'first',
      });
    expect(await faultOf(list, { first: 200, after: end })).toBeNull();
  });
});

it('a cursor of another client’s links is rejected', async () => {
  const elsewhere = { ...LISTS[0], args: `clientId: "${PLACES.deepClient}"` };
  const { end } = await pageOf(LISTS[0], 1, null);

  const { errors } = await api.answer(
    `query ($after: String) { discordUsers(${elsewhere.args}, after: $after) { nodes { id } } }`,
    { after: end },
  );

  expect(errors?.[0]?.originalError).toMatchObject(AFTER);
});

const AFTER = { code: 'BAD_USER_INPUT', field: 'after' } as const;

async function faultOf({ field, args }: List, variables: Data) {
  const { errors } = await api.answer(
    `query ($first: Int, $after: String) { ${field}(${args}, first: $first, after: $after) { nodes { id } } }`,
    variables,
  );
  const error = errors?.[0]?.originalError;
  if (!error) return null;
  return {
    code: Reflect.get(error, 'code'),
    field: Reflect.get(error, 'field'),
  };
}
