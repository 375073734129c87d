import { createHash } from 'node:crypto';

import { expect, it } from 'vitest';

import { createApiKeyAuthenticator, type Scope } from '../../../services/api/access/caller.js';

const KEY = 'dck_abcdefghijklmnopqrstuvwxyz';

const entry = (more: Record<string, unknown> = {}) => ({
  name: 'ops',
  scopes: ['discord:read'] as readonly Scope[],
  hash: createHash('sha256').update(KEY).digest('hex'),
  clientIds: null,
  ...more,
});

it('an API key authenticates its caller', async () => {
  const auth = createApiKeyAuthenticator({
    keys: [entry({ name: 'other', hash: '0'.repeat(64) }), entry()],
  });

  expect(await auth.authenticate(`Bearer ${KEY}`)).toEqual({
    name: 'ops',
    scopes: ['discord:read'],
    clientIds: null,
  });
  expect(await auth.authenticate(`bearer  ${KEY} `)).not.toBeNull();
});

it.each([
  undefined,
  '',
  'Bearer',
  'Bearer ',
  KEY,
  `Basic ${KEY}`,
  `Bearer ${KEY}x`,
  `Bearer ${KEY.toUpperCase()}`,
  `Bearer ${KEY} ${KEY}`,
  `Bearer ${'x'.repeat(10_000)}`,
  `Bearer ${createHash('sha256').update(KEY).digest('hex')}`,
])('the Authorization header %s does not authenticate a caller', async (header) => {
  const auth = createApiKeyAuthenticator({ keys: [entry()] });

  expect(await auth.authenticate(header)).toBeNull();
});

it.each([
  [{ scopes: ['discord:everything'] }, 'unknown scope "discord:everything"'],
  [{ scopes: [] }, 'no scope'],
  [{ hash: 'abc' }, 'must be a SHA-256'],
])('a configured API key with %j is rejected', (more, message) => {
  expect(() => createApiKeyAuthenticator({ keys: [entry(more)] })).toThrow(message);
});
