import { createFindSignInClient, createSignedInLinks } from './link-signed-in.js';
import type { EnqueueEvent } from '../outbox/outbox.js';
import type { KeyRing } from '../../lib/encryption.js';
import type { Database } from '../connection/database.js';
import type { Listener } from '../connection/listen.js';
import { createGrants } from './grants.js';
import { createRevocations } from './revocations.js';
import { createTickets } from './tickets.js';
import type { RevocationTable } from '../../reconcile/join/ports.js';

/** Database operations of sign-in: tickets, grants, links and revocations. */
export function createSignInStore(deps: {
  readonly database: Database;
  readonly keys: KeyRing;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
  readonly clock: () => number;
  readonly listener: Listener;
}) {
  const revocations: RevocationTable = {
    ...createRevocations(deps),
    onAdded: (wake) => deps.listener.on('revocation', wake),
  };
  return {
    tickets: createTickets(deps),
    grants: createGrants(deps),
    links: createSignedInLinks(deps),
    findSignInClient: createFindSignInClient(deps),
    revocations,
  };
}
