import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CANARY } from '../../hostile/texts.js';
import { createHostileClient } from '../../hostile/client.js';
import { faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const GOOD = '{"query":"{ discordClients { id } }"}';
const keys = (count: number) => Array.from({ length: count }, (_, n) => `"k${n}":1`).join(',');
const input = (json: string) =>
  `{"query":"mutation ($input: DeletePlatformUserInput!) { deletePlatformUser(input: $input) { __typename } }","variables":{"input":${json}}}`;

let api: StartedApi;
let client: ReturnType<typeof createHostileClient>;
beforeAll(async () => {
  api = await startApi();
  client = createHostileClient(api.url, KEYS.admin);
});
afterAll(async () => {
  client.close();
  await api.server.stop();
});

describe.each(['/graphql', '/admin'])('a body at %s', (path) => {
  it.each([
    // If it were decoded anyway, it would name a different user.
    [
      'is not valid UTF-8',
      Buffer.from(input('{"platformUserId":"\xe9"}'), 'latin1'),
      {},
      400,
      'not valid UTF-8',
    ],
    ['is packed', gzipSync(GOOD), { 'content-encoding': 'gzip' }, 415, 'without content-encoding'],
    ['is a list', `[${GOOD}]`, {}, 400, 'must be one JSON object'],
    ['is a text of 2 MB', `"${'x'.repeat(2_000_000)}"`, {}, 400, 'must be one JSON object'],
    [
      'is nested deeper than any input',
      input(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`),
      {},
      400,
      'too deeply',
    ],
    [
      'has an object with more keys than any input',
      input(`{${keys(1_001)}}`),
      {},
      400,
      'more than 1000 keys',
    ],
    ['names the prototype', '{"__proto__":{"query":"{ x }"}}', {}, 400, 'a forbidden key'],
  ] as const)('that %s is refused', async (_, body, headers, status, words) => {
    const answer = await client.send({ name: '', path, body, headers });

    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({
      errors: [
        {
          message: expect.stringContaining(words),
          extensions: {
            code: 'BAD_USER_INPUT',
            requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          },
        },
      ],
    });
  });

  it('with a thousand keys is read, and its unknown keys are named', async () => {
    const body = input(`{${keys(1_000)}}`);

    const answer = await client.send({ name: '', path, body });

    expect(answer.text).toContain('\\"k0\\" is not defined by type');
  });

  it('in UTF-8 keeps every character', async () => {
    const answer = await api.ask(
      'mutation ($input: DeletePlatformUserInput!) { deletePlatformUser(input: $input) { __typename } }',
      { input: { platformUserId: 'é👩‍👩‍👧‍👦' } },
      { path },
    );

    expect(answer.body.errors).toBeUndefined();
    expect(api.world.facts.at(-1)).toMatchObject({
      platformUserId: 'é👩‍👩‍👧‍👦',
    });
  });
});

describe.each(['/graphql', '/admin'])('an error at %s', (path) => {
  it.each([
    ['{ auditRecords(first: "SECRET") { totalCount } }'],
    ['{ discordClient(id: ["SECRET"]) { id } }'],
    ['{ discordClient(id: "SECRET" "SECRET") { id } }'],
    ['{ auditRecords(filter: { outcomes: ["SECRET"] }) { totalCount } }'],
    ['{ auditRecords(filter: "SECRET") { totalCount } }'],
  ])('does not repeat the values of %s', async (query) => {
    const answer = await api.ask(query.replaceAll('SECRET', CANARY), {}, { path });

    expect(faultsOf(answer)[0]).toEqual({ code: 'BAD_USER_INPUT' });
    expect(JSON.stringify(answer.body)).not.toContain(CANARY);
  });

  it.each([
    [{ id: [`; ${CANARY}`] }, 'id'],
    [{ id: { [`x" at "id.${CANARY}"; y`]: 1 } }, 'id'],
  ])('does not repeat the variables %j', async (variables, field) => {
    const query = 'query ($id: ID!) { discordClient(id: $id) { id } }';

    const answer = await api.ask(query, variables, { path });

    expect(JSON.stringify(answer.body)).not.toContain(`; ${CANARY}`);
    expect(faultsOf(answer)[0]).toEqual({ code: 'BAD_USER_INPUT', field });
  });

  it('about a document nested too deep to parse is BAD_USER_INPUT, and is not logged', async () => {
    const deep = await api.ask('{a'.repeat(2_400), {}, { path });

    expect(faultsOf(deep)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(api.logged).toEqual([]);
  });

  it('about a name of one megabyte is short', async () => {
    const answer = await api.ask(`{ ${'a'.repeat(1_000_000)} }`, {}, { path });

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(answer.body.errors?.[0]?.message.length).toBeLessThan(600);
  });
});
