import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse, print } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createOperationStore } from '../../../services/api/limits/operation-store.js';
import { CLIENT_ID } from '../../builders/api-views.js';
import { KEYS, startApi, type Answer, type StartedApi } from './start-api.js';

const READY = new URL('../../../schema/operations/', import.meta.url);
const CLIENTS = '{ discordClients { id } }';
const PATHS = ['/graphql', '/admin'];

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string, version = 1) => ({
  extensions: { persistedQuery: { version, sha256Hash } },
});

const started: StartedApi[] = [];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'operations-'));
});
afterEach(async () => {
  for (const api of started.splice(0)) await api.server.stop();
});
afterAll(async () => rm(folder, { recursive: true }));

async function start(isOnly: boolean, path: string | null = null) {
  const api = await startApi({}, { persistedQueries: { isOnly, path } });
  started.push(api);
  return async (
    body: object,
    at = '/graphql',
    key: string | null = KEYS.admin,
  ): Promise<Answer> => {
    const response = await fetch(`${api.url}${at}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
    });
    const { status, headers } = response;
    return { status, headers, body: await response.json() };
  };
}

const codeOf = ({ body }: Answer) => body.errors?.[0]?.extensions['code'];

describe.each(PATHS)('a persisted query at %s', (path) => {
  it('is requested once, and then known at both endpoints', async () => {
    const send = await start(false);
    const hash = sha256(CLIENTS);

    const first = await send(persisted(hash), path);
    const second = await send({ query: CLIENTS, ...persisted(hash) }, path);
    const others = await Promise.all(PATHS.map((each) => send(persisted(hash), each, KEYS.read)));

    expect(first.status).toBe(200);
    expect(first.body.errors?.[0]).toMatchObject({
      message: 'PersistedQueryNotFound',
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
    });
    for (const answer of [second, ...others])
      expect(answer.body.data.discordClients).toHaveLength(2);
  });

  it('is not learned from callers without a key', async () => {
    const send = await start(false);
    const query = '{ __typename }';
    const hash = sha256(query);

    const refused = await send({ query, ...persisted(hash) }, path, null);
    const again = await send(persisted(hash), path);

    expect(codeOf(refused)).toBe('UNAUTHENTICATED');
    expect(codeOf(again)).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it('is refused if it does not match its hash', async () => {
    const send = await start(false);
    const hash = sha256('{ discordClients { name } }');

    const wrong = await send({ query: CLIENTS, ...persisted(hash) }, path);
    const after = await send(persisted(hash), path);

    expect(wrong.status).toBe(400);
    expect(codeOf(wrong)).toBe('BAD_USER_INPUT');
    expect(codeOf(after)).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it.each([
    { extensions: { persistedQuery: { version: 2, sha256Hash: sha256('') } } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'abc' } } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 5 } } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: '__proto__' } } },
    { extensions: { persistedQuery: {} } },
  ])('is refused if it is malformed: %j', async (body) => {
    const send = await start(false);

    const answer = await send(body, path);

    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
  });

  it('is subject to the same limits as every other operation', async () => {
    const send = await start(false);
    const query = `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: discordClients { id }`).join(' ')} }`;

    const answer = await send({ query, ...persisted(sha256(query)) }, path);
    const forbidden = await send({ query: '{ auditRecords { totalCount } }' }, path, KEYS.read);

    expect(answer.body.errors?.[0]?.message).toContain('30 root fields');
    expect(codeOf(forbidden)).toBe('FORBIDDEN');
  });
});

describe.each(PATHS)('PERSISTED_QUERIES_ONLY at %s', (path) => {
  it('allows the ready-made operations: as written, as printed, and by hash', async () => {
    const send = await start(true);
    const name = (await readdir(READY)).find((each) => each.startsWith('01-'));
    const text = await readFile(new URL(name ?? '', READY), 'utf8');
    const printed = print(parse(text));

    for (const body of [
      { query: text },
      { query: printed },
      persisted(sha256(text)),
      persisted(sha256(printed)),
      { query: text, ...persisted(sha256(text)) },
    ]) {
      const answer = await send(body, path);
      expect(answer.body.errors).toBeUndefined();
      expect(answer.body.data.discordClients).toHaveLength(2);
    }
  });

  it('refuses every other operation, even from an admin key', async () => {
    const send = await start(true);
    const introspection = '{ __schema { queryType { name } } }';

    for (const body of [
      { query: CLIENTS },
      { query: introspection },
      persisted(sha256(CLIENTS)),
      { query: CLIENTS, ...persisted(sha256(CLIENTS)) },
      { query: CLIENTS, extensions: {} },
      { query: CLIENTS, extensions: { persistedQuery: null } },
    ]) {
      const answer = await send(body, path);
      expect(answer.body.errors).toMatchObject([
        {
          message: expect.stringContaining('PERSISTED_QUERIES_ONLY'),
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
  });
});

describe('a list of allowed operations', () => {
  const link = `query Link($id: ID!) { discordUser(id: $id) { id } }`;

  it.each([
    ['of hashes', { [sha256(link)]: link }],
    [
      'as Apollo’s manifest',
      {
        format: 'apollo-persisted-query-manifest',
        version: 1,
        operations: [{ id: sha256(link), name: 'Link', type: 'query', body: link }],
      },
    ],
  ])('is read from a file %s', async (_, manifest) => {
    const path = join(folder, 'operations.json');
    await writeFile(path, JSON.stringify(manifest));
    const send = await start(true, path);

    const listed = await send({
      ...persisted(sha256(link)),
      variables: { id: CLIENT_ID },
    });

    expect(listed.body).toEqual({ data: { discordUser: null } });
    expect((await send({ query: CLIENTS })).status).toBe(400);
  });

  it.each([
    ['the file is missing', null],
    ['it is not JSON', 'query'],
    ['its JSON has the wrong structure', '{"a":[]}'],
    ['a document has a syntax error', `{"a":"{ discordClients "}`],
  ])('prevents startup if %s', async (_, text) => {
    const path = join(folder, 'wrong.json');
    await rm(path, { force: true });
    if (text !== null) await writeFile(path, text);

    await expect(start(true, path)).rejects.toThrow('PERSISTED_QUERIES: ');
  });

  it('also applies to GET at /admin', async () => {
    await start(true);
    const [api] = started;
    const response = await fetch(`${api?.url}/admin?query=${encodeURIComponent(CLIENTS)}`, {
      headers: { authorization: `Bearer ${KEYS.admin}` },
    });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain('PERSISTED_QUERIES_ONLY');
  });
});

describe('the store of learned queries', () => {
  const documentOf = (n: number, length = 20) => `#${n}`.padEnd(length, 'x');

  it('is limited by number, and drops the least recently used query', () => {
    const store = createOperationStore(new Map([['listed', 'a']]), false);
    store.learn('first', documentOf(-1));
    store.learn('second', documentOf(-2));
    for (let n = 0; n < 999; n++) {
      store.learn(`n${n}`, documentOf(n));
      store.find('first');
    }

    expect(store.find('second')).toBeUndefined();
    expect(store.find('first')).toBe(documentOf(-1));
    expect(store.find('listed')).toBe('a');
  });

  it('limits the size of each query and the total size', () => {
    const store = createOperationStore(new Map(), false);
    for (let n = 0; n < 200; n++) store.learn(`n${n}`, documentOf(n, 60_000));
    store.learn('long', documentOf(0, 70_000));

    const kept = Array.from({ length: 200 }, (_, n) => store.find(`n${n}`));
    expect(kept.filter((each) => each !== undefined)).toHaveLength(69);
    expect(kept[199]).toBeDefined();
    expect(store.find('long')).toBeUndefined();
  });
});
