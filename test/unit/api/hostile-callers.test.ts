import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createTokenVerifier } from '../../../services/api/access/tokens.js';
import { CLIENT_ID, ownId } from '../../builders/api-views.js';
import { hostileOperations } from '../../hostile/operations.js';
import { FORGED } from '../../hostile/requests.js';
import { createHostileClient, faultOfAnswer } from '../../hostile/client.js';
import {
  AUDIENCE,
  ISSUER,
  signingKey,
  startIdentityProvider,
  tokenOf,
  type IdentityProvider,
  type SigningKey,
} from '../../support/identity-provider.js';
import { KEYS, startApi, type StartedApi } from './start-api.js';

const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_122);
const OPERATIONS = 200;
const PATHS = ['/graphql', '/admin'];

let api: StartedApi;
let provider: IdentityProvider;
let key: SigningKey;
let forger: SigningKey;
beforeAll(async () => {
  [key, forger] = await Promise.all([signingKey('one'), signingKey('one')]);
  provider = await startIdentityProvider(key);
  api = await startApi(
    {},
    {
      tokens: createTokenVerifier({
        issuer: { jwksUrl: provider.url, issuer: ISSUER, audience: AUDIENCE },
        clock: Date.now,
        logger: { warn: () => undefined },
      }),
    },
  );
});
afterAll(async () => {
  await api.server.stop();
  await provider.stop();
});

const operations = () => hostileOperations(SEED, OPERATIONS, [CLIENT_ID, ownId(0x20), ownId(0x11)]);

/** Sends every operation as one caller. Returns the faults and the error codes of the answers. */
async function play(secret: string) {
  const client = createHostileClient(api.url, secret);
  const faults: string[] = [];
  const codes = new Set<unknown>();
  for (const [index, body] of operations().entries()) {
    const path = PATHS[index % 2] ?? '/graphql';
    const answer = await client.send({ name: '', path, body });
    const fault = faultOfAnswer(answer);
    if (fault !== null) faults.push(`${index}: ${fault}`);
    if (answer.text.includes(secret)) faults.push(`${index}: tells the key`);
    for (const [, code] of answer.text.matchAll(/"code":"([A-Z_]+)"/g)) codes.add(code);
  }
  client.close();
  return { faults, codes };
}

describe(`hostile callers with ${OPERATIONS} operations from seed ${SEED}`, () => {
  it('get 401 for a forged token, and reach no port', async () => {
    api.calls.length = 0;
    const tokens = [
      ...FORGED,
      await tokenOf(forger, { scope: 'discord:admin' }),
      await tokenOf(key, { scope: 'discord:admin', exp: 1 }),
      await tokenOf(key, { scope: 'discord:admin', aud: 'elsewhere' }),
    ];
    const client = createHostileClient(api.url, '');
    for (const [index, token] of tokens.entries())
      for (const path of PATHS) {
        const [body = ''] = hostileOperations(SEED + index, 1);
        const headers = { authorization: `Bearer ${token}` };
        const answer = await client.send({ name: '', path, body, headers });

        expect(answer.status, token).toBe(401);
        expect(answer.text, token).toContain('"code":"UNAUTHENTICATED"');
        expect(faultOfAnswer(answer), token).toBeNull();
        if (token.length > 10) expect(answer.text).not.toContain(token);
      }
    client.close();

    expect(api.calls).toEqual([]);
    expect(api.logged).toEqual([]);
  });

  it('change nothing with a read key or a read token', async () => {
    const before = JSON.stringify(api.world);

    for (const secret of [KEYS.read, await tokenOf(key)]) {
      const { faults, codes } = await play(secret);
      expect(faults).toEqual([]);
      expect(codes).toContain('FORBIDDEN');
    }

    expect(JSON.stringify(api.world)).toBe(before);
    expect(api.logged).toEqual([]);
  });

  it('reach no port with a token that has no scope of the connector', async () => {
    api.calls.length = 0;

    const { faults } = await play(await tokenOf(key, { scope: 'openid' }));

    expect(faults).toEqual([]);
    expect(api.calls).toEqual([]);
  });
});
