import pg from 'pg';

import type { Store } from '../../services/store/store.js';
import { openTestStore } from '../../test/support/store.js';
import { SERVICE_KEYS } from './service.js';

/**
 * The texts that the connector sends for these questions, taken from itself: what is compared is
 * the very same SQL.
 */
interface Texts {
  readonly client: string;
  readonly link: string;
  readonly page: string;
  readonly roles: string;
  readonly users: string;
  readonly groups: string;
}

type Row = Readonly<Record<string, string | null | readonly string[]>>;

/**
 * What the connector's two questions are answered with where nothing is between HTTP and
 * PostgreSQL.
 */
export async function createBareSql(databaseUrl: string) {
  const texts = await textsOf(databaseUrl);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
  const ask = async (text: string, values: readonly unknown[]) =>
    (await pool.query<Row>(text, [...values])).rows;

  const complete = async (links: readonly Row[]) => {
    const keys = links.flatMap(({ clientId, roleIds }) =>
      listOf(roleIds).map((roleId) => [clientId, roleId] as const),
    );
    const distinct = [...new Map(keys.map((key) => [key.join('/'), key])).values()];
    const userIds = [...new Set(links.map((link) => link['platformUserId']))];
    const [roles, [users, groups]] = await Promise.all([
      ask(texts.roles, [
        distinct.map(([clientId]) => clientId),
        distinct.map(([, roleId]) => roleId),
      ]),
      (async () => {
        const found = await ask(texts.users, [userIds]);
        return [found, await ask(texts.groups, [userIds])] as const;
      })(),
    ]);
    const roleOf = new Map(roles.map((role) => [role['roleId'], role]));
    const userOf = new Map(users.map((user) => [user['id'], user]));
    const groupsOf = Map.groupBy(groups, (group) => group['platformUserId']);
    return links.map((link) => {
      const user = userOf.get(link['platformUserId'] ?? '');
      return {
        id: link['id'],
        discordUserId: link['discordUserId'],
        username: link['username'],
        displayName: link['displayName'],
        nickname: link['nickname'],
        state: link['state'],
        roles: listOf(link['roleIds']).map((id) => ({
          id,
          name: roleOf.get(id)?.['name'],
        })),
        platformUser: {
          id: user?.['id'],
          username: user?.['username'],
          groups: (groupsOf.get(user?.['id'] ?? '') ?? []).map((group) => ({
            id: group['id'],
            name: group['name'],
          })),
        },
      };
    });
  };

  return {
    async user(id: string) {
      const [discordUser] = await complete(await ask(texts.link, [[id]]));
      return { data: { discordUser } };
    },
    async page(clientId: string, first: number) {
      await ask(texts.client, [[clientId]]);
      const rows = await ask(texts.page, [clientId, first + 1]);
      const nodes = await complete(rows.slice(0, first));
      const pageInfo = { hasNextPage: rows.length > first };
      return { data: { discordUsers: { nodes, pageInfo } } };
    },
  };
}

const listOf = (value: Row[string] | undefined): readonly string[] =>
  Array.isArray(value) ? value : [];

async function textsOf(databaseUrl: string): Promise<Texts> {
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS });
  const { read, clients } = store;
  const none = '00000000-0000-7000-8000-000000000000';
  const page = { limit: 50, after: null };
  const texts = {
    client: await textOf(() => clients.findClients([none])),
    link: await textOf(() => read.findLinks([none])),
    page: await textOf(() => read.pageLinks(none, {}, page)),
    roles: await textOf(() => read.findRoles([{ clientId: none, roleId: '1' }])),
    users: await textOf(() => read.findPlatformUsers(['x'])),
    groups: await textOf(() => read.groupsOfPlatformUsers(['x'])),
  };
  await store.stop();
  return texts;
}

async function textOf(ask: () => ReturnType<Store['read']['findLinks']> | Promise<unknown>) {
  const { prototype } = pg.Client;
  const query: unknown = Reflect.get(prototype, 'query');
  if (typeof query !== 'function') throw new Error('the driver has changed');
  let text = '';
  Reflect.set(prototype, 'query', function (this: pg.Client, ...args: unknown[]): unknown {
    const [first] = args;
    text = typeof first === 'string' ? first : String(Reflect.get(Object(first), 'text'));
    return Reflect.apply(query, this, args);
  });
  try {
    await ask();
  } finally {
    Reflect.set(prototype, 'query', query);
  }
  return text;
}
