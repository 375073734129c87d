import { execute, parse, buildSchema, type GraphQLResolveInfo } from 'graphql';
import { describe, expect, it } from 'vitest';

import { selects } from '../../../services/api/links/read-ahead.js';

const schema = buildSchema(`
  type Query { page: Page }
  type Page { nodes: [Person!]! edges: [Edge!]! }
  type Edge { node: Person! }
  type Person { id: ID! name: String friend: Person groups: [String!]! }`);

const PATHS = [
  ['nodes'],
  ['nodes', 'name'],
  ['nodes', 'friend', 'groups'],
  ['edges', 'node', 'name'],
];

/** The paths that a document asks for below `page`. */
function asked(document: string): readonly string[] {
  let found: readonly string[] = [];
  const page = (_args: object, _context: object, info: GraphQLResolveInfo) => {
    found = PATHS.filter((path) => selects(info, path)).map((p) => p.join('.'));
    return null;
  };
  void execute({
    schema,
    document: parse(document),
    rootValue: { page },
    contextValue: {},
    variableValues: { yes: true, no: false },
  });
  return found;
}

describe('a selection below a field', () => {
  it.each([
    ['{ page { nodes { id } } }', ['nodes']],
    ['{ page { nodes { name } } }', ['nodes', 'nodes.name']],
    ['{ page { n: nodes { x: name } } }', ['nodes', 'nodes.name']],
    ['{ page { edges { node { name } } } }', ['edges.node.name']],
    ['{ page { nodes { groups } } }', ['nodes']],
    ['{ page { nodes { friend { groups } } } }', ['nodes', 'nodes.friend.groups']],
    ['{ page { nodes { friend { friend { groups } } } } }', ['nodes']],
    [
      '{ page { ...P } } fragment P on Page { nodes { ... on Person { ...N } } } fragment N on Person { name }',
      ['nodes', 'nodes.name'],
    ],
    ['{ page { nodes { id } } page { nodes { name } } }', ['nodes', 'nodes.name']],
    ['{ page { nodes { id } nodes { name } } }', ['nodes', 'nodes.name']],
  ])('is found: %s', (document, paths) => {
    expect(asked(document)).toEqual(paths);
  });

  it.each([
    'query ($no: Boolean!) { page { nodes @include(if: $no) { name } } }',
    'query ($yes: Boolean!) { page { nodes @skip(if: $yes) { name } } }',
    'query ($no: Boolean!) { page { ...P @include(if: $no) } } fragment P on Page { nodes { name } }',
    'query ($no: Boolean!) { page { ... @include(if: $no) { nodes { name } } } }',
  ])('is ignored if a directive excludes it: %s', (document) => {
    expect(asked(document)).toEqual([]);
  });
});
