import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';

import { HOSTILE_JSON, HOSTILE_TEXTS } from './texts.js';

const schema = buildSchema(
  readFileSync(new URL('../../schema/connector.graphql', import.meta.url), 'utf8'),
);

/** Values of any kind, as JSON text, where another one belongs. */
const hostileValue = fc.oneof(
  fc.constantFrom(...HOSTILE_JSON).filter((json) => json !== 'NaN' && json !== 'Infinity'),
  fc.constantFrom(...HOSTILE_TEXTS).map((text) => JSON.stringify(text)),
  fc.json({ maxDepth: 2 }),
);

/** Ids that the sender knows, so that some requests come further than the checks. */
export type KnownIds = readonly string[];

const SCALARS: Readonly<Record<string, readonly string[]>> = {
  ID: ['"alice"', '"pilots"', '"0192f000-0000-7000-8000-000000000001"'],
  String: ['"text"', '"https://discord.gg/abc"', '"%username"'],
  Int: ['1', '0', '-1', '200', '201', '2147483647', '2147483648'],
  Float: ['1', '1e308'],
  Boolean: ['true', 'false'],
  Sequence: ['0', '"1"', '9007199254740991', '9007199254740992', '-1', '0.5'],
  Snowflake: [
    '"300000000000000001"',
    '"000000000000000000"',
    '"9223372036854775807"',
    '"9223372036854775808"',
    '"18446744073709551615"',
    '"18446744073709551616"',
    '300000000000000001',
  ],
  _Any: [
    '{"__typename":"DiscordUser","id":"1"}',
    '{"__typename":"__proto__","id":"1"}',
    '{"__typename":"PlatformUser"}',
  ],
  DateTime: [
    '"2026-11-22T17:13:00Z"',
    '"0000-01-01T00:00:00Z"',
    '"0000-01-01T00:00:00+23:59"',
    '"9999-12-31T23:59:59-23:59"',
    '"2026-02-30T00:00:00Z"',
  ],
};

function valueOf(type: GraphQLInputType, ids: KnownIds): fc.Arbitrary<string | undefined> {
  const right = rightValueOf(type, ids);
  const gone = isNonNullType(type) ? 1 : 8;
  return fc.oneof(
    { weight: 40, arbitrary: right },
    { weight: 3, arbitrary: hostileValue },
    { weight: gone, arbitrary: fc.constant(undefined) },
  );
}

function rightValueOf(type: GraphQLInputType, ids: KnownIds): fc.Arbitrary<string> {
  if (isNonNullType(type)) return rightValueOf(type.ofType, ids);
  if (isListType(type))
    return fc
      .array(valueOf(type.ofType, ids), { maxLength: 3 })
      .map((items) => `[${items.map((item) => item ?? 'null').join(',')}]`);
  if (isEnumType(type))
    return fc.constantFrom(
      ...type.getValues().map(({ name }) => JSON.stringify(name)),
      '"NO_SUCH_VALUE"',
    );
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return fc
      .tuple(
        fc.tuple(...fields.map((field) => valueOf(field.type, ids))),
        fc.option(hostileValue, { freq: 30 }),
      )
      .map(([values, extra]) => {
        const given = fields.flatMap(({ name }, index) =>
          values[index] === undefined ? [] : [`"${name}":${values[index]}`],
        );
        if (extra !== null) given.push(`"notAField":${extra}`);
        return `{${given.join(',')}}`;
      });
  }
  const known = type.name === 'ID' ? ids.map((id) => JSON.stringify(id)) : [];
  const texts = fc.constantFrom(...HOSTILE_TEXTS).map((text) => JSON.stringify(text));
  const fine = fc.constantFrom(...(SCALARS[type.name] ?? ['null']), ...known);
  const isText = type.name === 'ID' || type.name === 'String';
  return isText ? fc.oneof({ weight: 3, arbitrary: fine }, { weight: 1, arbitrary: texts }) : fine;
}

function bodyOf(
  kind: 'query' | 'mutation',
  field: GraphQLField<unknown, unknown>,
  ids: KnownIds,
): fc.Arbitrary<string> {
  const names = field.args.map(({ name }) => name);
  const variables = field.args.map((arg) => `$${arg.name}: ${arg.type.toString()}`);
  const given = names.map((name) => `${name}: $${name}`).join(', ');
  const type = getNamedType(field.type);
  const isPage = isObjectType(type) && 'nodes' in type.getFields();
  const selection = isPage
    ? '{ totalCount nodes { __typename } pageInfo { endCursor } }'
    : '{ __typename }';
  const inBrackets = (text: string) => (text === '' ? '' : `(${text})`);
  const query = `${kind} Q${inBrackets(variables.join(', '))} { ${field.name}${inBrackets(given)} ${selection} }`;
  return fc.tuple(...field.args.map((arg) => valueOf(arg.type, ids))).map((values) => {
    const sent = names.flatMap((name, index) =>
      values[index] === undefined ? [] : [`"${name}":${values[index]}`],
    );
    return `{"query":${JSON.stringify(query)},"variables":{${sent.join(',')}}}`;
  });
}

/**
 * Bodies of every query and mutation there is, with variables that are mostly nearly right; the
 * same for the same seed.
 */
export function hostileOperations(
  seed: number,
  count: number,
  ids: KnownIds = [],
): readonly string[] {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const anyBody = fc.oneof(
    ...queries.map((field) => bodyOf('query', field, ids)),
    ...mutations.map((field) => bodyOf('mutation', field, ids)),
  );
  return fc.sample(anyBody, { seed, numRuns: count });
}
