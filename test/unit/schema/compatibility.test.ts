import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { compareSchemas } from '../../../schema/compatibility.js';

const SCHEMA = new URL('../../../schema/', import.meta.url);
const read = (name: string) => readFile(new URL(name, SCHEMA), 'utf8');

const released = await read('released.graphql');
const NICKNAME = /\n {2}"""[^"]*"""\n {2}nickname: String\n/;

const compare = (current: string, declarations = '') =>
  compareSchemas({ released, current, declarations });

/** Fails the test if there is nothing to replace, because an unchanged text proves nothing. */
function changed(text: string, what: RegExp | string, by: string): string {
  const after = text.replace(what, by);
  expect(after).not.toBe(text);
  return after;
}

describe('the comparison with the released schema', () => {
  it('reports nothing for the same schema', async () => {
    expect(await compare(released)).toEqual({
      undeclared: [],
      idle: [],
      surprising: [],
    });
  });

  it('accepts a new field, type or optional argument', async () => {
    const current = changed(
      released,
      'type PageInfo @shareable {',
      'type PageInfo @shareable { novelty(of: ID): Novelty',
    );
    const novelty = 'type Novelty @key(fields: "id") { id: ID! }';

    expect((await compare(`${current}${novelty}`)).undeclared).toEqual([]);
  });

  it('reports a removed field as a breaking change', async () => {
    const current = changed(released, NICKNAME, '\n');

    expect((await compare(current)).undeclared).toEqual([
      expect.stringMatching(/^AuditRecord\.nickname: .*removed/),
    ]);
  });

  it.each([
    [
      'a required input',
      'input RetireRoleMappingInput {',
      'input RetireRoleMappingInput { why: String!',
      'RetireRoleMappingInput.why',
    ],
    [
      'a field that may be null now',
      'hasNextPage: Boolean!',
      'hasNextPage: Boolean',
      'PageInfo.hasNextPage',
    ],
    ['an enum value that is gone', /\n {2}TAKE_BACK\n/, '\n  TAKEN\n', 'Holders.TAKE_BACK'],
    [
      'an entity without its key',
      'type PlatformUser @key(fields: "id")',
      'type PlatformUser',
      'PlatformUser.@key',
    ],
  ])('reports %s as a breaking change', async (_, what, by, path) => {
    const { undeclared } = await compare(changed(released, what, by));

    expect(undeclared.map((line) => line.split(': ')[0])).toContain(path);
  });

  it('accepts a breaking change that is declared by its path, with a reason', async () => {
    const current = changed(released, NICKNAME, '\n');
    const declare = (line: string) => compare(current, `# Declared\n\n${line}`);

    expect(await declare('- `AuditRecord.nickname`: gone at Discord.\n')).toMatchObject({
      undeclared: [],
      idle: [],
    });
    expect((await declare('- `AuditRecord.nickname`:\n')).undeclared).toHaveLength(1);
    expect((await declare('- `DiscordUser.nickname`: another one.\n')).undeclared).toHaveLength(1);
  });

  it('reports a declaration without a breaking change', async () => {
    const { idle } = await compare(released, '- `DiscordUser.nickname`: never happened.\n');

    expect(idle).toEqual(['DiscordUser.nickname']);
  });

  it('reports a change that may surprise callers', async () => {
    const { undeclared, surprising } = await compare(
      changed(released, /\n {2}TAKE_BACK\n/, '\n  TAKE_BACK\n\n  ASK\n'),
    );

    expect(undeclared).toEqual([]);
    expect(surprising.join()).toContain('Holders.ASK');
  });

  it('finds exactly the declared breaking changes in the current schema', async () => {
    expect(
      await compare(await read('connector.graphql'), await read('breaking-changes.md')),
    ).toMatchObject({ undeclared: [], idle: [] });
  });
});
