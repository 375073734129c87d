import { CANARY } from './texts.js';

const repeat = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

const nested = (open: string, close: string, depth: number) =>
  open.repeat(depth) + close.repeat(depth);

const facts = (value: string) =>
  `mutation { recordMembershipChanges(input: ${value}) { results { verdict } } }`;

/** Documents that ask for too much, or that are none. */
export const HOSTILE_DOCUMENTS: readonly (readonly [name: string, query: string])[] = [
  ['nothing', ''],
  ['a NUL', '{ \0 }'],
  ['half a character', '{ discordClient(id: "\ud800") { id } }'],
  ['deep fields', `{ ${nested('discordClients { mappings { client { ', '} } } ', 400)} }`],
  ['very deep fields', nested('{a', '}', 2_400)],
  ['unclosed fields', '{a'.repeat(2_400)],
  ['deeper than the tokens', nested('{a', '}', 500_000)],
  ['deep lists', facts(nested('[', ']', 2_000))],
  ['deep objects', facts(`${'{a:'.repeat(1_200)}1${'}'.repeat(1_200)}`)],
  ['deep types', `query ($a: ${nested('[', ']', 2_000).replace('[]', '[ID]')}) { __typename }`],
  ['aliases', `{ ${repeat(1_500, (n) => `a${n}: __typename`)} }`],
  ['aliases of lists', `{ ${repeat(300, (n) => `a${n}: discordClients { id }`)} }`],
  ['the same field', `{ ${'__typename '.repeat(4_990)} }`],
  ['directives', `{ __typename ${'@skip(if: false) '.repeat(900)} }`],
  ['directives nobody knows', `{ __typename ${repeat(900, (n) => `@a${n}`)} }`],
  ['a fragment in itself', '{ ...A } fragment A on Query { ...A }'],
  [
    'fragments in a ring',
    `{ ...F0 } ${repeat(300, (n) => `fragment F${n} on Query { ...F${(n + 1) % 300} }`)}`,
  ],
  [
    'fragments that double',
    `{ ...F0 } ${repeat(200, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment F200 on Query { __typename }`,
  ],
  [
    'fields that overlap',
    `{ ${repeat(400, (n) => `discordClients { id name${n % 2 ? '' : ': id'} }`)} }`,
  ],
  ['variables', `query (${repeat(800, (n) => `$v${n}: ID`)}) { __typename }`],
  ['operations', repeat(600, (n) => `query Q${n} { __typename }`)],
  [
    'introspection in introspection',
    `{ __schema { types { ${nested('fields { type { ', '} } ', 20).replace('{ } }', '{ name } }')} } }`,
  ],
  [
    'introspection many times',
    `{ ${repeat(90, (n) => `a${n}: __schema { types { name fields { name args { name } } } }`)} }`,
  ],
  ['a long name', `{ ${'a'.repeat(1_000_000)} }`],
  ['a long comment', `#${'x'.repeat(1_500_000)}\n{ nothing }`],
  ['a long text', `{ discordClient(id: "${'x'.repeat(1_500_000)}") { id } }`],
  ['a text that never ends', `{ discordClient(id: """${CANARY}`],
  ['a long number', `{ auditRecords(first: ${'9'.repeat(100_000)}) { totalCount } }`],
  ['a number for a secret', facts(`"${CANARY}"`)],
  [
    'a list where a text belongs',
    `mutation { unlinkDiscordUser(input: { id: ["${CANARY}"] }) { __typename } }`,
  ],
  [
    'a text for an enum',
    facts(`{ changes: [{ platformUserId: "u", groupId: "g", change: "${CANARY}" }] }`),
  ],
  ['a text for a number', `{ auditRecords(first: "${CANARY}") { totalCount } }`],
  ['a text for a Snowflake', `{ auditRecords(filter: { roleId: "${CANARY}" }) { totalCount } }`],
  ['the prototype as a field', '{ __proto__ constructor toString }'],
  ['the prototype as an argument', '{ discordClient(__proto__: 1, constructor: 2) { id } }'],
  ['a subscription', 'subscription { auditRecordAdded { id } }'],
  ['a type system', 'type Query { a: Int } extend schema { query: Query }'],
  ['a cursor of others', '{ auditRecords(after: "Li4vLi4vZXRjL3Bhc3N3ZA") { totalCount } }'],
  ['a cursor with a NUL', '{ platformGroups(after: "AGEA") { totalCount } }'],
  ['a cursor of no text', '{ platformGroups(after: "_____w") { totalCount } }'],
  ['a search for everything', '{ platformGroups(search: "%_\\\\%") { totalCount nodes { id } } }'],
  ['a search for a NUL', '{ platformGroups(search: "a\\u0000") { totalCount } }'],
];
