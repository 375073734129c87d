import type { ApiPorts } from '../api/ports.js';
import type { SignInPorts } from '../api/sign-in/ports.js';
import type { DiscordRest } from '../discord/rest-api.js';
import type { DiscordOAuth } from '../discord/oauth/oauth.js';
import { InputError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import { createPreview } from '../reconcile/plan/preview.js';
import type { Store } from '../store/store.js';
import type { CheckClient } from './check-client.js';
import { clientPort } from './client-ports.js';
import { createExplainRole } from './explain.js';
import { createLinkMember } from './link-member.js';
import { sweepPorts } from './timed.js';
import type { TrySecrets } from './try-secrets.js';

/** Returns the operations the API can call: mostly the store's, and a few reads from Discord. */
export function apiPorts(deps: {
  readonly store: Store;
  readonly gateway: DiscordRest;
  readonly oauth: DiscordOAuth;
  readonly checkClient: CheckClient;
  readonly trySecrets: TrySecrets;
  readonly logger: Logger;
}): Omit<ApiPorts, 'health'> {
  const { store } = deps;
  const preview = createPreview({
    readMember: (member) => store.memory.readMember(member),
    readTally: store.readTally,
  });
  const importRoles = createImportRoles(deps);
  return {
    clients: clientPort({ ...deps, importRoles }),
    mappings: {
      ...store.mappings,
      async createMapping(request) {
        try {
          return await store.mappings.createMapping(request);
        } catch (error) {
          // The stored roles may be outdated, so read them again and retry.
          if (!(error instanceof InputError) || error.field !== 'input.roleId') throw error;
          await importRoles(request.clientId);
          return store.mappings.createMapping(request);
        }
      },
    },
    links: {
      ...store.links,
      linkMember: createLinkMember(deps),
      async memberPlan(id) {
        const link = await store.links.findLink(id);
        const plan = await preview(link);
        if (plan === null) throw new InputError('NOT_FOUND', `link ${id} does not exist`, 'id');
        return plan;
      },
      explainRole: createExplainRole(deps),
    },
    signIn: signInPorts(deps),
    ...sweepPorts(store),
    facts: { applyFacts: store.applyFacts, restoreUser: store.restoreUser },
    read: store.read,
    notices: store.notices,
    idempotency: store.idempotency,
  };
}

export function signInPorts(deps: {
  readonly store: Store;
  readonly oauth: DiscordOAuth;
}): SignInPorts {
  const { tickets, grants, links, findSignInClient } = deps.store.signIn;
  return { ...tickets, ...grants, ...links, findSignInClient, oauth: deps.oauth };
}

/**
 * Returns a function that reads the guild's roles from Discord, saves them, and marks members whom
 * a change unblocks.
 */
export function createImportRoles({
  store,
  gateway,
}: {
  readonly store: Store;
  readonly gateway: DiscordRest;
}) {
  return async (clientId: ClientId) => {
    const guild = await store.readCredentials(clientId);
    await store.memory.saveRoles(clientId, await gateway.readRoles(guild));
    const [roles = []] = await store.read.rolesOfClients([clientId]);
    return roles;
  };
}
