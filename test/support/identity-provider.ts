import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export const ISSUER = 'https://id.platform.example';
export const AUDIENCE = 'discord-connector';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
  return { kid, alg, privateKey: pair.privateKey, jwk };
}

const now = () => Math.floor(Date.now() / 1000);

/** A good token but for what is given; `undefined` leaves a claim out. */
export async function tokenOf(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, string>> = {},
): Promise<string> {
  const payload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice',
    exp: now() + 300,
    scope: 'openid discord:read',
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}

type Behaviour = (response: ServerResponse) => void;

export const BEHAVIOURS = {
  broken: (response) => response.writeHead(503).end(),
  moved: (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  garbled: (response) => response.end('<html>'),
  endless: (response) => response.end(`{"keys":[],"x":"${'x'.repeat(600_000)}"}`),
  silent: () => undefined,
} as const satisfies Record<string, Behaviour>;

/** A real JWKS over HTTP: what it publishes and how it behaves may change while it runs. */
export async function startIdentityProvider(...keys: SigningKey[]) {
  let published: readonly SigningKey[] = keys;
  let behaviour: Behaviour | null = null;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (behaviour) behaviour(response);
    else
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    asked,
    publish: (...next: SigningKey[]) => void (published = next),
    behave: (next: keyof typeof BEHAVIOURS | null) => void (behaviour = next && BEHAVIOURS[next]),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export type IdentityProvider = Awaited<ReturnType<typeof startIdentityProvider>>;
