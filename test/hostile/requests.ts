import { brotliCompressSync, gzipSync } from 'node:zlib';

import type { HostileRequest } from './client.js';
import { HOSTILE_DOCUMENTS } from './documents.js';
import { hostileOperations, type KnownIds } from './operations.js';
import { CANARY } from './texts.js';

const GOOD = JSON.stringify({ query: '{ __typename }' });
const PATHS = ['/graphql', '/admin'] as const;

const many = (count: number, item: string) => `[${Array(count).fill(item).join(',')}]`;
const variable = (input: string) =>
  `{"query":"mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { __typename } }","variables":{"input":${input}}}`;
const change = (n: number) => `{"platformUserId":"u","groupId":"g${n}","change":"ADDED"}`;
const changes = (count: number) =>
  variable(`{"changes":[${Array.from({ length: count }, (_, n) => change(n)).join(',')}]}`);
const snapshot = (groups: string) =>
  `{"query":"mutation ($input: ReplaceMembershipsInput!) { replaceMemberships(input: $input) { __typename } }","variables":{"input":{"users":[{"platformUserId":"u","groupIds":${groups}}]}}}`;

/** Bodies that no client of ours would send. */
const BODIES: readonly (readonly [
  name: string,
  body: string | Buffer,
  headers?: HostileRequest['headers'],
])[] = [
  ['2 MiB and a byte', `"${'x'.repeat(2 * 1024 * 1024)}"`],
  ['10 MB', `{"query":"{ __typename } #${'x'.repeat(10_000_000)}"}`],
  ['nearly 2 MiB', `"${'x'.repeat(2 * 1024 * 1024 - 2)}"`],
  ['a list for a body', `[${GOOD}]`],
  ['a batch of a thousand', many(1_000, GOOD)],
  ['null', 'null'],
  ['a number', '1e999'],
  ['text', `"${CANARY}"`],
  ['no JSON', `{"query":"${CANARY}`],
  ...Array.from(
    { length: GOOD.length - 1 },
    (_, n) => [`${n + 1} letters of JSON`, GOOD.slice(0, n + 1)] as const,
  ),
  ['two of them', GOOD + GOOD],
  ['a NUL behind it', `${GOOD}\0`],
  ['deep lists', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['deep objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['deep variables', variable(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`)],
  ['deep lists in variables', variable('['.repeat(50_000) + ']'.repeat(50_000))],
  [
    '100,000 keys',
    variable(`{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`).join(',')}}`),
  ],
  ['the prototype as a key', '{"query":"{ __typename }","__proto__":{"polluted":1}}'],
  ['the prototype in variables', variable('{"__proto__":{"changes":[]}}')],
  ['a constructor in variables', variable('{"constructor":{"prototype":{"polluted":1}}}')],
  ['5,001 items', changes(5_001)],
  ['20,000 items', changes(20_000)],
  ['100,000 groups', snapshot(many(100_000, '"g"'))],
  ['100,000 wrong items', variable(`{"changes":${many(100_000, '1')}}`)],
  ['variables that are a list', '{"query":"{ __typename }","variables":[]}'],
  ['variables that are text', `{"query":"{ __typename }","variables":"${CANARY}"}`],
  ['extensions that are text', '{"query":"{ __typename }","extensions":"x"}'],
  ['a stored query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}'],
  [
    'a stored query nobody has stored',
    `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${'a'.repeat(64)}"}}}`,
  ],
  [
    'a stored query of another hash',
    `{"query":"{ a(b: \\"${CANARY}\\") }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"${'a'.repeat(64)}"}}}`,
  ],
  [
    'a stored query that names the prototype',
    '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"__proto__"}}}',
  ],
  ['an operation by a number', '{"query":"{ __typename }","operationName":5}'],
  ['an operation that is not there', '{"query":"{ __typename }","operationName":"__proto__"}'],
  ['UTF-16', Buffer.from(GOOD, 'utf16le')],
  [
    'UTF-16, and says so',
    Buffer.from(GOOD, 'utf16le'),
    { 'content-type': 'application/json; charset=utf-16' },
  ],
  ['Latin-1', Buffer.from('{"query":"{ __typename } #\xe9"}', 'latin1')],
  ['gzip that is not told', gzipSync(GOOD)],
  ['gzip', gzipSync(GOOD), { 'content-encoding': 'gzip' }],
  ['a gzip bomb', gzipSync(Buffer.alloc(50_000_000, ' ')), { 'content-encoding': 'gzip' }],
  ['brotli', brotliCompressSync(GOOD), { 'content-encoding': 'br' }],
  ['a packing nobody knows', GOOD, { 'content-encoding': 'x-none, gzip' }],
  ['text/plain', GOOD, { 'content-type': 'text/plain' }],
  ['a form', 'query=%7B__typename%7D', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['many parts', GOOD, { 'content-type': 'multipart/form-data; boundary=x' }],
  ['a type that is none', GOOD, { 'content-type': 'application/json/;;=' }],
  ['a type in other letters', GOOD, { 'content-type': 'APPLICATION/JSON ; charset="' }],
  ['a long type', GOOD, { 'content-type': `application/${'x'.repeat(8_000)}` }],
  ['GraphQL as itself', '{ __typename }', { 'content-type': 'application/graphql' }],
];

const base64url = (text: string) => Buffer.from(text).toString('base64url');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const CLAIMS = base64url(
  `{"iss":"x","aud":"x","sub":"${CANARY}","exp":9999999999,"scope":"discord:admin"}`,
);

/** Tokens that no issuer of ours has signed. */
export const FORGED: readonly string[] = [
  `${base64url('{"alg":"none"}')}.${CLAIMS}.`,
  `${base64url('{"alg":"HS256","kid":"one"}')}.${CLAIMS}.${base64url('x'.repeat(32))}`,
  `${base64url('{"alg":"RS256","kid":"../../etc/passwd"}')}.${CLAIMS}.${base64url('x'.repeat(256))}`,
  `${base64url('{"alg":"RS256","jku":"http://127.0.0.1:1/"}')}.${CLAIMS}.AAAA`,
  `${base64url('{"alg":"RS256","crit":["x"],"x":1}')}.${CLAIMS}.AAAA`,
  `${base64url('{"alg":{"toString":1}}')}.${CLAIMS}.AAAA`,
  `${base64url('{"alg":"RS256","b64":false,"crit":["b64"]}')}.${CLAIMS}.AAAA`,
  `${base64url('[]')}.${base64url('null')}.AAAA`,
  `${base64url('\0')}.${base64url('\ud800')}.`,
  `.${CLAIMS}.`,
  '..',
  `eyJ${'A'.repeat(7_000)}`,
  `${'a.'.repeat(500)}a`,
  `${base64url('{"alg":"RS256"}')}.${base64url('[' + '['.repeat(3_000))}.AAAA`,
  `${base64url('{"alg":"dir","enc":"A256GCM"}')}..AAAA.AAAA.AAAA`,
];

const HEADERS: readonly (readonly [string, HostileRequest['headers']])[] = [
  ['a long key', { authorization: `Bearer ${'x'.repeat(12_000)}` }],
  ['many keys', { authorization: Array(100).fill(`Bearer ${CANARY}`) }],
  ['a key of spaces', { authorization: `Bearer ${' '.repeat(9_000)}x y` }],
  ['a key beyond ASCII', { authorization: 'Bearer \xfe\xff' }],
  ['another scheme', { authorization: `Basic ${CANARY}` }],
  ['half a JWT', { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }],
  ...FORGED.map((token) => [`a forged token: ${token.slice(0, 60)}`, bearer(token)] as const),
  ['an accept nobody serves', { accept: 'application/xml' }],
  ['a host of others', { host: 'evil.example', 'x-forwarded-host': 'evil' }],
  ['a method in a header', { 'x-http-method-override': 'DELETE' }],
  ['a request id', { 'x-request-id': CANARY }],
  ['a cookie', { cookie: `a=${'b'.repeat(7_000)}; __proto__=1` }],
  [
    'a thousand headers',
    Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`x-${n}`, 'y'])),
  ],
  ['a wish to go on', { expect: '100-continue' }],
  ['another wish', { expect: 'the impossible' }],
];

const PLACES: readonly string[] = [
  '/',
  '/../../etc/passwd',
  '/..%2f..%2fetc%2fpasswd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/graphql/../admin',
  '/graphql%2f',
  '/graphql/',
  '//graphql',
  '/GRAPHQL',
  '/graphql;a=b',
  '/%',
  '/%ff%fe',
  '/%00',
  '/%c0%ae%c0%ae/',
  '/health/ready/../live',
  `/${'a'.repeat(7_000)}`,
  `/health/${'a/'.repeat(2_000)}`,
  '/__proto__',
  '/constructor/prototype',
  `/?query={__typename}&secret=${CANARY}`,
];
const METHODS = ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'];

/**
 * Requests of every kind; the same for the same seed. `count` is how many of them are operations.
 */
export function* hostileRequests(
  seed: number,
  count: number,
  ids: KnownIds = [],
): Generator<HostileRequest> {
  for (const path of PATHS) {
    for (const [name, body, headers] of BODIES)
      yield { name, path, body, ...(headers && { headers }) };
    for (const [name, query] of HOSTILE_DOCUMENTS)
      yield { name, path, body: JSON.stringify({ query }) };
    for (const [name, headers] of HEADERS)
      yield { name, path, body: GOOD, ...(headers && { headers }) };
    for (const method of METHODS) yield { name: method, method, path, body: GOOD };
  }
  for (const path of PLACES)
    for (const method of ['GET', 'POST'])
      yield {
        name: 'a place',
        method,
        path,
        body: method === 'GET' ? '' : GOOD,
      };
  for (const [index, body] of hostileOperations(seed, count, ids).entries())
    yield {
      name: `operation ${index} of seed ${seed}`,
      path: PATHS[index % 2] ?? '/graphql',
      body,
    };
}
