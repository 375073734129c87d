import { readdir, readFile } from 'node:fs/promises';

import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
  type GraphQLSchema,
} from 'graphql';
import { beforeAll, expect, it } from 'vitest';

import { printConnectorSchema } from '../../../services/api/emit-schema.js';
import { limitRules } from '../../../services/api/limits/operation-limits.js';
import { buildConnectorSchema } from '../../../services/api/schema.js';

const SCHEMA = new URL('../../../schema/', import.meta.url);

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildConnectorSchema(null);
});

const BUILT_IN = ['ID', 'Int', 'Float', 'String', 'Boolean'];
const ROOTS = ['Query', 'Mutation', 'Subscription'];

const describedTypes = () =>
  Object.values(schema.getTypeMap()).filter(
    ({ name }) => !name.startsWith('__') && !BUILT_IN.includes(name),
  );

const ownTypes = () => describedTypes().filter(({ name }) => !ROOTS.includes(name));

it('the committed schema is up to date', async () => {
  const committed = await readFile(new URL('connector.graphql', SCHEMA), 'utf8');

  expect(committed).toBe(await printConnectorSchema());
});

it('the schema describes every type, field, argument and enum value', () => {
  const silent: string[] = [];
  const look = (name: string, thing: { description?: string | null | undefined }) =>
    thing.description?.trim() ? undefined : silent.push(name);
  for (const type of describedTypes()) {
    look(type.name, type);
    if (isObjectType(type) || isInputObjectType(type))
      for (const field of Object.values(type.getFields())) {
        look(`${type.name}.${field.name}`, field);
        if ('args' in field)
          for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg);
      }
    if (isEnumType(type))
      for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
  }

  expect(silent).toEqual([]);
});

it('every mutation takes one input, and its payload has warnings', () => {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    expect(
      field.args.map((arg) => arg.name),
      field.name,
    ).toEqual(['input']);
    expect(String(field.args[0]?.type)).toBe(
      `${field.name[0]?.toUpperCase()}${field.name.slice(1)}Input!`,
    );
    const payload = isNonNullType(field.type) ? field.type.ofType : field.type;
    expect(isObjectType(payload) && payload.getFields()['warnings']).toBeTruthy();
  }
});

it('no output type has a field for a secret', () => {
  const outward = ownTypes()
    .filter(isObjectType)
    .flatMap((type) => Object.keys(type.getFields()));

  expect(outward.filter((name) => /secret|token$|password/i.test(name))).toEqual([]);
});

it('every id is an ID or a Snowflake, never a number', () => {
  for (const type of ownTypes()) {
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!/(^id|Ids?)$/.test(field.name)) continue;
      let inner: unknown = field.type;
      while (isNonNullType(inner) || isListType(inner)) inner = inner.ofType;
      expect(['ID', 'Snowflake'], `${type.name}.${field.name}`).toContain(String(inner));
    }
  }
});

it('every ready-made operation is valid and within the limits', async () => {
  const folder = new URL('operations/', SCHEMA);
  for (const name of await readdir(folder)) {
    const document = parse(await readFile(new URL(name, folder), 'utf8'));

    expect(name).toMatch(/^\d\d-[a-z-]+\.graphql$/);
    expect(document.definitions).toHaveLength(1);
    expect(validate(schema, document), name).toEqual([]);
    expect(validate(schema, document, limitRules), name).toEqual([]);
  }
});
