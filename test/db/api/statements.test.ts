import {
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openRealApi, statementsOf, type Data, type RealApi } from './api-world.js';
import { PLACES, PLANNED_EACH, seedLists } from './seed-lists.js';

const MANY = 200;

let one: RealApi;
let many: RealApi;
beforeAll(async () => {
  one = await openRealApi();
  many = await openRealApi();
  await seedLists(one.sql, 1);
  await seedLists(many.sql, MANY);
});
afterAll(async () => {
  await one.close();
  await many.close();
});

/**
 * The arguments of each root field. A field without an entry gets the first client, and needs no
 * other argument.
 */
const GIVEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  discordClient: { id: PLACES.deepClient },
  discordUser: { id: PLACES.deepLink },
  discordUserByPlatformId: {
    clientId: PLACES.deepClient,
    platformUserId: PLACES.deepUser,
  },
  explainRole: { id: PLACES.deepLink, roleId: PLACES.mappedRole },
  memberPlan: { id: PLACES.deepLink },
  platformUser: { id: PLACES.deepUser },
  roleMappings: { clientId: PLACES.deepClient },
  schedules: { clientId: PLACES.deepClient },
  sweep: { id: PLACES.deepSweep },
  unlinkedHolders: { roleId: PLACES.mappedRole },
};

/** The largest length of a list, for lists that cannot grow with the number of rows. */
const SHORT: Readonly<Record<string, number>> = {
  // One for each kind.
  'Query.schedules': 4,
  'DiscordClient.schedules': 4,
  'Query.heldPlans': 5,
  // The checks of the doctor.
  'ClientHealth.checks': 3,
  'MemberPlan.blocked': PLANNED_EACH,
  'MemberPlan.held': PLANNED_EACH,
  'MemberPlan.remove': PLANNED_EACH,
  'MemberPlan.requests': PLANNED_EACH,
  'MemberPlan.unknown': PLANNED_EACH,
  // A plan lets roles wait instead of adding them, so no plan has both; both are loaded alike.
  'MemberPlan.waiting': 0,
};

interface Chain {
  readonly root: string;
  readonly query: string;
}

type Field = GraphQLField<unknown, unknown>;

const objectOf = (field: Field) => {
  const type = getNamedType(field.type);
  return isObjectType(type) ? type : null;
};

/**
 * Fields that cost nothing to select: without a selection of their own and without required
 * arguments.
 */
const leavesOf = (type: GraphQLObjectType) =>
  Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map((field) => field.name)
    .join(' ');

/** Every longest path down from a type that visits no type twice. */
function waysDown(type: GraphQLObjectType, above: readonly GraphQLObjectType[]): readonly string[] {
  const leaves = leavesOf(type);
  const ways = Object.values(type.getFields()).flatMap((field) => {
    const below = objectOf(field);
    if (below === null || [...above, type].includes(below)) return [];
    // `edges` contains the same nodes as the `nodes` field.
    if (field.name === 'edges') return [`edges { cursor node { __typename } }`];
    if (field.args.some((argument) => isNonNullType(argument.type)))
      throw new Error(`${type.name}.${field.name} needs arguments: give them`);
    return waysDown(below, [...above, type]).map((way) => `${leaves} ${field.name} { ${way} }`);
  });
  return ways.length > 0 ? ways : [leaves || '__typename'];
}

function chainsOf(field: Field): readonly Chain[] {
  const type = objectOf(field);
  if (type === null) return [];
  const given = {
    clientId: PLACES.rowsClient,
    first: MANY,
    ...GIVEN[field.name],
  };
  const asked = Object.entries(given)
    .filter(([name]) => field.args.some((argument) => argument.name === name))
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const args = asked.length > 0 ? `(${asked.join(', ')})` : '';
  return waysDown(type, []).map((way) => ({
    root: field.name,
    query: `{ ${field.name}${args} { ${way} } }`,
  }));
}

const rootFields = ({ schema }: RealApi): readonly Field[] =>
  Object.values(schema.getQueryType()?.getFields() ?? {}).filter(
    (field) => !field.name.startsWith('_'),
  );

/** The longest list returned at each place of the schema. */
const seen = new Map<string, number>();

function look(type: GraphQLObjectType, value: Data): void {
  for (const [name, below] of Object.entries(value)) {
    const field = type.getFields()[name];
    const inside = field && objectOf(field);
    if (!inside || below === null) continue;
    const items = Array.isArray(below) ? below : [below];
    if (Array.isArray(below)) {
      const place = `${type.name}.${name}`;
      seen.set(place, Math.max(seen.get(place) ?? 0, below.length));
    }
    for (const item of items) if (item !== null) look(inside, item);
  }
}

async function cost(api: RealApi, query: string, variables: Data = {}) {
  let data: Data = {};
  const statements = await statementsOf(async () => void (data = await api.ask(query, variables)));
  const root = api.schema.getQueryType();
  if (root && api === many) look(root, data);
  return statements;
}

/**
 * Counts a second time where the counts differ: opening a connection, or creating schedules on
 * their first read, costs nothing the second time.
 */
async function compare(
  few: () => Promise<number>,
  most: () => Promise<number>,
): Promise<readonly [number, number]> {
  const first = [await few(), await most()] as const;
  return first[0] === first[1] ? first : [await few(), await most()];
}

describe('a query', () => {
  it('costs as many statements for 200 rows as for one, for any selection', async () => {
    const different: string[] = [];
    let asked = 0;
    for (const { root, query } of rootFields(many).flatMap(chainsOf)) {
      const [few, most] = await compare(
        () => cost(one, query),
        () => cost(many, query),
      );
      asked += 1;
      if (few !== most || most === 0)
        different.push(`${root}: ${few} for one, ${most} for many: ${query}`);
    }

    expect(different).toEqual([]);
    expect(asked).toBeGreaterThan(50);
  }, 300_000);

  it('was tested with a long list for every list field of the schema', () => {
    const reached = new Set<GraphQLObjectType>();
    const lists: string[] = [];
    const visit = (type: GraphQLObjectType, fields: readonly Field[]) => {
      if (reached.has(type)) return;
      reached.add(type);
      for (const field of fields) {
        const below = objectOf(field);
        if (below === null) continue;
        if (isListType(getNullableType(field.type))) lists.push(`${type.name}.${field.name}`);
        visit(below, Object.values(below.getFields()));
      }
    };
    const root = many.schema.getQueryType();
    if (root) visit(root, rootFields(many));

    const short = lists.filter((place) => (seen.get(place) ?? 0) < (SHORT[place] ?? 100));
    expect(short.map((place) => [place, seen.get(place)])).toEqual([]);
  });
});

describe('entity references', () => {
  const idsOf: Readonly<Record<string, string>> = {
    DiscordClient: 'select id::text from client order by id limit $1',
    DiscordUser: 'select id::text from link order by id limit $1',
    PlatformUser: 'select id from platform_user order by id limit $1',
  };

  it('cost as many statements for 200 entities as for one', async () => {
    const different: string[] = [];
    for (const [name, text] of Object.entries(idsOf)) {
      const { rows } = await many.sql.query<{ id: string }>(text, [MANY]);
      const all = rows.map(({ id }) => ({ __typename: name, id }));
      expect(all).toHaveLength(MANY);
      const type = many.schema.getType(name);
      if (!isObjectType(type)) throw new Error(`${name} is no type`);
      for (const way of waysDown(type, [])) {
        const query = `query ($all: [_Any!]!) { _entities(representations: $all) { ... on ${name} { ${way} } } }`;
        const [few, most] = await compare(
          () => cost(many, query, { all: all.slice(0, 1) }),
          () => cost(many, query, { all }),
        );
        if (few !== most) different.push(`${few}, ${most}: ${query}`);
      }
    }

    expect(different).toEqual([]);
  }, 300_000);

  it('are tested for every entity type of the schema', () => {
    const union = many.schema.getType('_Entity');

    expect(union && 'getTypes' in union && union.getTypes().map(String).toSorted()).toEqual(
      Object.keys(idsOf),
    );
  });
});
