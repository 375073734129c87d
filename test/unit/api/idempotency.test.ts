import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RetryLaterError, TerminalError, UnavailableError } from '../../../services/lib/errors.js';
import type { PlatformFact } from '../../../services/model.js';
import { ownId } from '../../builders/api-views.js';
import { APPLIED } from '../../builders/fact-outcomes.js';
import { KEYS, startApi, type Answer, type StartedApi } from './start-api.js';

const RECORD = `mutation Told($input: RecordMembershipChangesInput!) {
  recordMembershipChanges(input: $input) { results { verdict } } }`;
const input = {
  changes: [{ platformUserId: 'bob', groupId: 'pilots', change: 'ADDED' }],
};

let api: StartedApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => api.server.stop());

interface Sent {
  readonly query?: string;
  readonly variables?: unknown;
  readonly key?: string;
  readonly caller?: string;
  readonly path?: string;
}

async function send(sent: Sent): Promise<Answer> {
  const { query = RECORD, variables = { input }, caller = KEYS.admin } = sent;
  const response = await fetch(`${api.url}${sent.path ?? '/graphql'}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${caller}`,
      ...(sent.key !== undefined && { 'idempotency-key': sent.key }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const body: Answer['body'] = await response.json();
  return { status: response.status, headers: response.headers, body };
}

const isReplay = ({ headers }: Answer) => headers.get('idempotent-replay') === 'true';

const codeOf = ({ body }: Answer) => body.errors?.[0]?.extensions['code'];

describe('a mutation with an Idempotency-Key', () => {
  it('is executed once, and a repeat gets the first response', async () => {
    const first = await send({ key: 'one' });
    api.world.staleFor = 'bob';
    const again = await send({ key: 'one' });

    expect(first.body).toEqual({
      data: { recordMembershipChanges: { results: [{ verdict: 'APPLIED' }] } },
    });
    expect(isReplay(first)).toBe(false);
    expect(again.body).toEqual(first.body);
    expect(isReplay(again)).toBe(true);
    expect(api.world.facts).toHaveLength(1);
  });

  it('is recognized regardless of the order of its variables’ fields', async () => {
    await send({ key: 'one' });
    const [change] = input.changes;
    const turned = Object.fromEntries(Object.entries(change ?? {}).toReversed());
    const again = await send({
      key: 'one',
      variables: { input: { changes: [turned] } },
    });

    expect(isReplay(again)).toBe(true);
  });

  it.each([
    ['another key', { key: 'two' }],
    ['another caller', { key: 'one', caller: KEYS.write }],
    ['no key', {}],
  ])('is executed again for %s', async (_, sent) => {
    await send({ key: 'one' });
    const other = await send(sent);

    expect(isReplay(other)).toBe(false);
    expect(api.world.facts).toHaveLength(2);
  });

  it.each([
    ['variables', { variables: { input: { changes: [] } } }],
    ['a document', { query: RECORD.replace('verdict', 'verdict ok') }],
  ])('returns CONFLICT if a repeat differs: %s', async (_, sent) => {
    await send({ key: 'one' });
    const other = await send({ key: 'one', ...sent });

    expect(other.status).toBe(409);
    expect(codeOf(other)).toBe('CONFLICT');
    expect(other.headers.get('retry-after')).toBeNull();
    expect(api.world.facts).toHaveLength(1);
  });

  it('returns CONFLICT with Retry-After while the first request is in progress', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    Object.assign(api.ports.facts, {
      applyFacts: async (facts: readonly PlatformFact[]) => {
        begun.resolve();
        await held.promise;
        return facts.map(() => APPLIED);
      },
    });
    const first = send({ key: 'one' });
    await begun.promise;
    const meanwhile = await send({ key: 'one' });
    held.resolve();

    expect(meanwhile.status).toBe(409);
    expect(codeOf(meanwhile)).toBe('CONFLICT');
    expect(meanwhile.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(200);
    expect(isReplay(await send({ key: 'one' }))).toBe(true);
  });

  it.each([
    [new UnavailableError('Discord is away'), 'UNAVAILABLE'],
    [new RetryLaterError(new Date(), 'too many'), 'DISCORD_RATE_LIMITED'],
    [new Error('a bug'), 'INTERNAL'],
  ])('is executed again after a temporary error: %s', async (error, code) => {
    api.fail('facts.applyFacts', error);
    const failed = await send({ key: 'one' });
    api.fail('facts.applyFacts', null);
    const again = await send({ key: 'one' });

    expect(codeOf(failed)).toBe(code);
    expect(isReplay(again)).toBe(false);
    expect(again.body.errors).toBeUndefined();
  });

  it('is checked again after FORBIDDEN, because the scope may be granted', async () => {
    const refused = await send({ key: 'one', caller: KEYS.read });
    const again = await send({ key: 'one', caller: KEYS.read });

    expect(codeOf(refused)).toBe('FORBIDDEN');
    expect(isReplay(again)).toBe(false);
  });

  it.each([
    [
      'what the caller has to mend',
      `mutation { unlinkDiscordUser(input: { id: "${ownId(0x99)}" }) { warnings } }`,
      'NOT_FOUND',
    ],
    [
      'what Discord will not take',
      `mutation { recordMembershipChanges(input: { changes: [{ platformUserId: "a", groupId: "b", change: ADDED }] }) { warnings } }`,
      'DISCORD_ERROR',
    ],
  ])('gets the same error again if it is permanent: %s', async (_, query, code) => {
    api.fail('facts.applyFacts', new TerminalError('NO', 'it will not'));
    const first = await send({ key: 'one', query });
    api.fail('facts.applyFacts', null);
    const again = await send({ key: 'one', query });

    expect(codeOf(first)).toBe(code);
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(first.status);
    expect(isReplay(again)).toBe(true);
  });

  it('is refused if the operation has a second mutation, even inside a fragment', async () => {
    const one = 'deletePlatformUser(input: { platformUserId: "a" }) { warnings }';
    for (const query of [
      `mutation { a: ${one} b: ${one} }`,
      `mutation { a: ${one} ...More } fragment More on Mutation { b: ${one} }`,
      `mutation { a: ${one} ... on Mutation { b: ${one} } }`,
    ]) {
      const refused = await send({ key: 'one', query });
      expect(refused.status).toBe(400);
      expect(codeOf(refused)).toBe('BAD_USER_INPUT');
    }
    expect(api.world.facts).toEqual([]);
  });

  it('may select __typename beside its mutation field', async () => {
    const query = RECORD.replace('{\n', '{ __typename ');

    expect((await send({ key: 'one', query })).body.errors).toBeUndefined();
  });

  it.each([['x'.repeat(256)], ['caf\u00e9']])('is refused with the key %j', async (key) => {
    const refused = await send({ key });

    expect(refused.status).toBe(400);
    expect(codeOf(refused)).toBe('BAD_USER_INPUT');
    expect(api.world.facts).toEqual([]);
  });

  it('accepts a key of 255 characters', async () => {
    await send({ key: 'x'.repeat(255) });

    expect(isReplay(await send({ key: 'x'.repeat(255) }))).toBe(true);
  });

  it('is not executed if its key cannot be claimed', async () => {
    api.fail('idempotency.claim', new Error('database unreachable'));
    const answer = await send({ key: 'one' });

    expect(codeOf(answer)).toBe('INTERNAL');
    expect(JSON.stringify(answer.body)).not.toContain('database');
    expect(api.world.facts).toEqual([]);
    expect(api.logged).toHaveLength(1);
  });

  it('returns its result even if the response cannot be stored', async () => {
    api.fail('idempotency.keep', new Error('database unreachable'));
    const answer = await send({ key: 'one' });

    expect(answer.body.errors).toBeUndefined();
    expect(api.logged).toHaveLength(1);
  });
});

describe('an Idempotency-Key', () => {
  it('is ignored for a query', async () => {
    const query = '{ platformGroups { nodes { id } } }';
    await send({ key: 'one', query, variables: {} });
    const again = await send({ key: 'one', query, variables: {} });

    expect(again.body.errors).toBeUndefined();
    expect(isReplay(again)).toBe(false);
    expect(api.calls).not.toContain('idempotency.claim');
  });

  it('is not claimed for an unauthenticated caller', async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
      body: JSON.stringify({ query: RECORD, variables: { input } }),
    });

    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(api.calls).not.toContain('idempotency.claim');
  });

  it('is refused at /admin, which stores no responses', async () => {
    const refused = await send({ key: 'one', path: '/admin' });

    expect(refused.status).toBe(400);
    expect(codeOf(refused)).toBe('BAD_USER_INPUT');
    expect(api.world.facts).toEqual([]);
  });
});
