import { createHash, randomBytes } from 'node:crypto';

import { createKeyRing, type KeyRing } from '../../../services/lib/encryption.js';
import type { Store } from '../../../services/store/store.js';
import { cause, clientInput } from '../../builders/store-world.js';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

export const OLD = { id: 'old', key: randomBytes(32) };
export const NEW = { id: 'new', key: randomBytes(32) };

export const ring = (...keys: readonly (typeof OLD)[]): KeyRing => createKeyRing(keys);

export const request = (number: number) => ({
  caller: 'site',
  keyHash: hash(`key ${number}`),
  fingerprint: hash(`request ${number}`),
});

const grant = {
  accessToken: 'access-token',
  refreshToken: 'refresh-token',
  expiresAt: new Date(Date.now() + 3_600_000),
  scopes: ['identify', 'guilds.join'],
};

/** Fills a store with one of everything that is kept encrypted, and many answers. */
export async function fillWithSecrets(store: Store, answers: number) {
  const client = await store.clients.createClient(clientInput());
  const ticketHash = hash('ticket');
  await store.signIn.tickets.openTicket({
    ticketHash,
    clientId: client.id,
    platformUserId: 'alice',
    email: 'erin@mail.example',
    returnTo: null,
    expiresAt: new Date(Date.now() + 600_000),
  });
  await store.signIn.tickets.bindTicket(ticketHash, {
    browserHash: hash('browser'),
    stateHash: hash('state'),
    codeVerifier: 'code-verifier',
  });
  await store.signIn.grants.keepGrant(client.id, grant, ticketHash);
  const grantId = await store.signIn.grants.keepGrant(client.id, grant, ticketHash);
  await store.signIn.links.linkSignedIn({
    clientId: client.id,
    platformUserId: 'alice',
    grantId,
    cause,
    account: {
      discordUserId: '600000000000000001',
      username: 'alice',
      displayName: null,
    },
  });
  for (let number = 0; number < answers; number += 1) await keepAnswer(store, number);
  return { clientId: client.id, grantId, stateHash: hash('state') };
}

export async function keepAnswer(store: Store, number: number): Promise<void> {
  const claim = await store.idempotency.claim(request(number));
  if (claim.kind !== 'CLAIMED') throw new Error('not claimed');
  const answer = `answer ${number}`;
  await store.idempotency.keep(request(number), claim.claim, answer);
}
