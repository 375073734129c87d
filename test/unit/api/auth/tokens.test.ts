import { createHmac } from 'node:crypto';

import { CompactSign, exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  createTokenVerifier,
  KEY_SET_TIMING,
  type KeySetTiming,
  MAX_TOKEN_LENGTH,
} from '../../../../services/api/access/tokens.js';
import {
  AUDIENCE,
  ISSUER,
  signingKey,
  startIdentityProvider,
  tokenOf,
  type IdentityProvider,
  type SigningKey,
} from '../../../support/identity-provider.js';

const now = () => Math.floor(Date.now() / 1000);

let key: SigningKey;
let stranger: SigningKey;
let provider: IdentityProvider;
const warnings: unknown[] = [];
beforeAll(async () => {
  [key, stranger] = await Promise.all([signingKey('one'), signingKey('one')]);
  provider = await startIdentityProvider(key);
});
afterAll(async () => provider.stop());
beforeEach(() => {
  provider.publish(key);
  provider.behave(null);
  provider.asked.length = 0;
  warnings.length = 0;
});

const verifier = (
  timing: Partial<KeySetTiming> = {},
  clock: () => number = Date.now,
  steadyClock = clock,
) =>
  createTokenVerifier({
    issuer: { jwksUrl: provider.url, issuer: ISSUER, audience: AUDIENCE },
    clock,
    steadyClock,
    logger: { warn: (fields: unknown) => void warnings.push(fields) },
    timing: { ...KEY_SET_TIMING, ...timing },
  });

const base64url = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const goodClaims = () => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  exp: now() + 300,
});

describe('a token from the issuer', () => {
  it('identifies its caller as jwt:<sub>, distinct from an API key of that name', async () => {
    const exp = now() + 300;

    const caller = await verifier().verify(await tokenOf(key, { exp }));

    expect(caller).toEqual({
      name: 'jwt:alice',
      scopes: ['discord:read'],
      clientIds: null,
      expiresAt: new Date(exp * 1000),
    });
  });

  it.each([
    [{ scope: 'discord:write discord:read' }, ['discord:read', 'discord:write']],
    [{ scope: undefined, scp: 'discord:admin' }, ['discord:admin']],
    [{ scope: undefined, scp: ['discord:write', 'x'] }, ['discord:write']],
    [{ scope: 'openid', scp: ['discord:read'] }, ['discord:read']],
    [{ scope: 'discord:everything DISCORD:ADMIN' }, []],
    [{ scope: undefined }, []],
    [{ scope: { 'discord:admin': true } }, []],
    [{ scope: ['discord:admin,discord:read'] }, []],
  ])('grants only the known scopes in %j', async (claims, scopes) => {
    const caller = await verifier().verify(await tokenOf(key, claims));

    expect(caller).toMatchObject({ scopes });
  });

  it.each(['RS384', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed with %s', async (alg) => {
    const other = await signingKey('other', alg);
    provider.publish(key, other);

    expect(await verifier().verify(await tokenOf(other))).toMatchObject({
      name: 'jwt:alice',
    });
  });

  it('may have several audiences, and 20 seconds of clock skew', async () => {
    const { verify } = verifier();

    for (const claims of [
      { aud: ['elsewhere', AUDIENCE] },
      { exp: now() - 20 },
      { nbf: now() + 20 },
    ])
      expect(await verify(await tokenOf(key, claims))).toMatchObject({
        name: 'jwt:alice',
      });
  });

  it('causes one read of the issuer’s keys, however often it is sent', async () => {
    const { verify } = verifier();
    const token = await tokenOf(key);

    await Promise.all(Array.from({ length: 50 }, () => verify(token)));
    await verify(token);

    expect(provider.asked).toEqual(['/jwks']);
  });
});

describe('a token is refused', () => {
  const refuse = async (token: string, words: string) => {
    const refusal = await verifier().verify(token);

    expect(refusal).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining(words),
    });
    for (const part of token.split('.').filter((each) => each.length > 8))
      expect(JSON.stringify([refusal, warnings])).not.toContain(part);
  };

  it.each([
    [{ exp: 1 }, 'expired'],
    [{ exp: undefined }, 'no `exp`'],
    [{ nbf: 4_000_000_000 }, 'not valid yet'],
    [{ iss: 'https://evil.example' }, 'another issuer'],
    [{ iss: `${ISSUER}/` }, 'another issuer'],
    [{ iss: undefined }, 'no `iss`'],
    [{ aud: 'another-service' }, 'another audience'],
    [{ aud: undefined }, 'no `aud`'],
    [{ sub: undefined }, 'no `sub`'],
    [{ sub: '' }, '`sub`'],
    [{ sub: 'a\nlevel: 50' }, '`sub`'],
    [{ sub: 'x'.repeat(201) }, '`sub`'],
  ])('for the claims %j', async (claims, words) => {
    await refuse(await tokenOf(key, claims), words);
  });

  it('for claims of the wrong type', async () => {
    const odd = { exp: 'tomorrow', sub: 5 };

    await refuse(await tokenOf(key, odd), 'malformed');
  });

  /** Signs the text unchanged: `JSON.stringify` would write Infinity as null. */
  const signedText = async (claims: string) =>
    new CompactSign(
      Buffer.from(JSON.stringify({ ...goodClaims(), exp: undefined }).replace(/}$/, `,${claims}}`)),
    )
      .setProtectedHeader({ alg: key.alg, kid: key.kid })
      .sign(key.privateKey);

  it.each([
    ['"exp": 1e400', '`exp` must be'],
    ['"exp": 1e308', '`exp` must be'],
    ['"exp": 9007199254740993', '`exp` must be'],
    ['"exp": 4102444800', '`exp` must be'],
    [`"exp": ${Date.now() + 300_000}`, '`exp` must be'],
    [`"exp": ${now() + 367 * 24 * 3600}`, '`exp` must be'],
    [`"exp": ${now() + 300}.5`, '`exp` must be'],
    ['"exp": -1e400', 'expired'],
    ['"exp": -1', 'expired'],
    ['"exp": null', '`exp` is malformed'],
    [`"exp": "${now() + 300}"`, '`exp` is malformed'],
    [`"exp": [${now() + 300}]`, '`exp` is malformed'],
    [`"exp": ${now() + 300}, "exp": 1e400`, '`exp` must be'],
    [`"exp": ${now() + 300}, "nbf": -1e400`, '`nbf` and `iat`'],
    [`"exp": ${now() + 300}, "nbf": -1`, '`nbf` and `iat`'],
    [`"exp": ${now() + 300}, "nbf": 1e400`, 'not valid yet'],
    [`"exp": ${now() + 300}, "nbf": "0"`, '`nbf` is malformed'],
    [`"exp": ${now() + 300}, "iat": -1e400`, '`nbf` and `iat`'],
    [`"exp": ${now() + 300}, "iat": 1e400`, '`nbf` and `iat`'],
    [`"exp": ${now() + 300}, "iat": 4102444800`, '`iat` is in the future'],
    [`"exp": ${now() + 300}, "iat": "now"`, '`iat` is malformed'],
  ])('for impossible times: %s', async (claims, words) => {
    await refuse(await signedText(claims), words);
  });

  it('but not for times up to a year in the past or future', async () => {
    const day = 24 * 3600;
    const times = { exp: now() + 365 * day, nbf: now() - 365 * day };
    const token = await tokenOf(key, { ...times, iat: now() - 0.5 });

    expect(await verifier().verify(token)).toMatchObject({
      name: 'jwt:alice',
      expiresAt: new Date(times.exp * 1000),
    });
  });

  it("for another signer's signature under the same `kid`", async () => {
    await refuse(await tokenOf(stranger), 'signature');
  });

  it('for a `kid` that the issuer does not publish', async () => {
    const token = await tokenOf(key, {}, { kid: '../../etc/passwd' });

    await refuse(token, 'does not publish');
  });

  it('for `alg: none`, in upper or lower case', async () => {
    for (const alg of ['none', 'None', 'nOnE'])
      await refuse(`${base64url({ alg, kid: 'one' })}.${base64url(goodClaims())}.`, 'alg');
  });

  it('for HS256 with the public key as its secret', async () => {
    const publicKey = await importJWK(key.jwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('no public key');
    const pem = await exportSPKI(publicKey);
    const head = base64url({ alg: 'HS256', kid: 'one', typ: 'JWT' });
    const body = `${head}.${base64url(goodClaims())}`;
    for (const secret of [pem, JSON.stringify(key.jwk)]) {
      const signature = createHmac('sha256', secret).update(body);

      await refuse(`${body}.${signature.digest('base64url')}`, 'alg');
    }
  });

  it('for a signature by the key in its own header', async () => {
    const header = { alg: 'RS256', jwk: stranger.jwk, jku: provider.url };
    const token = await tokenOf(stranger, {}, { kid: 'two' });
    const [, payload, signature] = token.split('.');

    await refuse(`${base64url(header)}.${payload}.${signature}`, 'signature');
  });

  it('if it was altered, truncated or malformed', async () => {
    const token = await tokenOf(key);
    const [head, , signature] = token.split('.');
    const changed = base64url({ ...goodClaims(), scope: 'discord:admin' });

    await refuse(`${head}.${changed}.${signature}`, 'signature');
    await refuse(token.slice(0, -4), 'signature');
    await refuse(`${head}.${changed}`, 'malformed');
    await refuse('eyJ.eyJ.eyJ', 'malformed');
    await refuse(`${head}..`, 'signature');
  });

  it('without a read of the issuer’s keys if it is too long', async () => {
    await refuse('x'.repeat(MAX_TOKEN_LENGTH + 1), 'longer than 8192');
    expect(provider.asked).toEqual([]);
  });
});

describe('when the issuer’s keys change', () => {
  it('a new key is read as soon as a token names it', async () => {
    const { verify } = verifier({ cooldownMs: 0 });
    await verify(await tokenOf(key));
    const next = await signingKey('two');
    provider.publish(key, next);

    expect(await verify(await tokenOf(next))).toMatchObject({
      name: 'jwt:alice',
    });
    expect(await verify(await tokenOf(key))).toMatchObject({
      name: 'jwt:alice',
    });
    expect(provider.asked).toHaveLength(2);
  });

  it('a withdrawn key is refused once the cached keys expire', async () => {
    const { verify } = verifier({ cacheMs: 0, cooldownMs: 0 });
    await verify(await tokenOf(key));
    const next = await signingKey('two');
    provider.publish(next);

    expect(await verify(await tokenOf(key))).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('does not publish'),
    });
  });

  it('tokens with made-up key ids cause only one read of the keys', async () => {
    const { verify } = verifier();

    for (let n = 0; n < 20; n++) await verify(await tokenOf(stranger, {}, { kid: `made-up-${n}` }));

    expect(provider.asked).toHaveLength(1);
  });

  it('a token without a `kid` is refused if there are two keys', async () => {
    const other = await signingKey('two');
    provider.publish(key, other);
    const token = await tokenOf(key);
    const [, payload, signature] = token.split('.');
    const nameless = `${base64url({ alg: 'RS256' })}.${payload}.${signature}`;

    expect(await verifier().verify(nameless)).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('kid'),
    });
  });
});

describe('unreachable issuer keys', () => {
  it.each(['broken', 'moved', 'garbled', 'endless', 'silent'] as const)(
    'make verification UNAVAILABLE: the issuer is %s',
    async (behaviour) => {
      provider.behave(behaviour);

      const { verify } = verifier({ timeoutMs: 500 });
      const refusal = await verify(await tokenOf(key));

      expect(refusal).toMatchObject({ code: 'UNAVAILABLE' });
      expect(provider.asked).toEqual(['/jwks']);
    },
  );

  it('are requested again after five seconds, not for every token', async () => {
    let time = Date.now();
    const { verify } = verifier({ restMs: 5_000 }, () => time);
    const token = await tokenOf(key);
    provider.behave('broken');
    for (let n = 0; n < 10; n++) expect(await verify(token)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(provider.asked).toHaveLength(1);
    expect(warnings).toHaveLength(1);
    provider.behave(null);

    time += 5_000;

    expect(await verify(token)).toMatchObject({ name: 'jwt:alice' });
  });

  it('are requested again after five seconds even if the clock was set back', async () => {
    const start = Date.now();
    let wall = start;
    let steady = start;
    const { verify } = verifier(
      { restMs: 5_000 },
      () => wall,
      () => steady,
    );
    const token = await tokenOf(key);
    provider.behave('broken');
    expect(await verify(token)).toMatchObject({ code: 'UNAVAILABLE' });
    provider.behave(null);

    wall -= 60_000;
    steady += 5_000;

    expect(await verify(token)).toMatchObject({ name: 'jwt:alice' });
  });

  it('do not matter while the cached keys are recent', async () => {
    const { verify } = verifier();
    const token = await tokenOf(key);
    await verify(token);
    provider.behave('broken');

    expect(await verify(token)).toMatchObject({ name: 'jwt:alice' });
  });

  it('do not keep the verifier from starting, and its tokens get UNAVAILABLE', async () => {
    const gone = await startIdentityProvider(key);
    await gone.stop();
    const { verify } = createTokenVerifier({
      issuer: { jwksUrl: gone.url, issuer: ISSUER, audience: AUDIENCE },
      clock: Date.now,
      logger: { warn: () => undefined },
    });

    expect(await verify(await tokenOf(key))).toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
