import type { DiscordRest } from '../discord/rest-api.js';
import { DEFAULT_CLIENT_SETTINGS } from '../model.js';
import { DEMO } from '../demo/demo-world.js';
import type { RunningSandbox } from '../demo/sandbox.js';
import { seedDemo } from '../demo/seed-demo.js';
import type { Store } from '../store/store.js';
import { createImportRoles } from './api-ports.js';
import type { CheckClient } from './check-client.js';

interface Demonstration {
  readonly sandbox: RunningSandbox;
  readonly store: Store;
  readonly gateway: DiscordRest;
  /** Null when this process runs without the API. */
  readonly address: string | null;
  readonly checkClient: CheckClient;
}

/**
 * Fills an empty sandbox with demonstration data, and returns the welcome text. Never overwrites a
 * user's changes.
 */
export async function demonstrate(demonstration: Demonstration): Promise<string> {
  const { sandbox, store, address } = demonstration;
  if (address !== null) sandbox.registerCallback(address);
  const clients = await store.clients.listClients();
  const existing = clients.find((client) => client.guildId === sandbox.client.guildId);
  if (existing === undefined) await seed(demonstration);
  else if (existing.endpoints.apiBase !== sandbox.client.endpoints.apiBase) {
    // The sandbox Discord now listens on a different port.
    const { endpoints } = sandbox.client;
    await store.clients.updateClient(existing.id, { endpoints, ...sandbox.secrets }, CAUSE);
  }
  const [client] = await store.clients.listClients();
  if (client !== undefined) await demonstration.checkClient(client.id);
  return greeting(demonstration);
}

/** Returns variable values for the playground's prepared tabs, so that each one runs unedited. */
export async function demoVariables({
  sandbox,
  store,
}: Pick<Demonstration, 'sandbox' | 'store'>): Promise<Readonly<Record<string, string>>> {
  const clients = await store.clients.listClients();
  const client = clients.find(({ guildId }) => guildId === sandbox.client.guildId);
  if (client === undefined) return {};
  const alice = await store.read.findLinkByPlatformUser(client.id, 'alice');
  return {
    clientId: client.id,
    roleId: DEMO.roles.director,
    discordUserId: DEMO.accounts.dave,
    ...(alice !== undefined && { linkId: alice.id }),
  };
}

const CAUSE = { kind: 'MUTATION', id: 'sandbox', actor: 'sandbox' } as const;

async function seed({ sandbox, store, gateway }: Demonstration): Promise<void> {
  const { botToken, clientSecret } = sandbox.secrets;
  await seedDemo({
    createClient: () =>
      store.clients.createClient({
        ...DEFAULT_CLIENT_SETTINGS,
        name: 'Sandbox Alliance',
        ...sandbox.client,
        botToken,
        clientSecret,
      }),
    importRoles: createImportRoles({ store, gateway }),
    applyFacts: store.applyFacts,
    createMapping: (mapping) =>
      store.mappings.createMapping({ ...mapping, authority: null, dryRun: false }),
    linkMember: store.links.linkMember,
  });
}

function greeting({ sandbox, address }: Demonstration): string {
  const api = address ?? '(this process runs without the API)';
  return `
  This is a SANDBOX: a Discord of its own, ${sandbox.databaseUrl === null ? 'the database it was given' : 'a database of its own'}, demonstration content. Not for production.

    The guild, live        ${sandbox.pageUrl}
    Playground             ${api}/admin#key=${sandbox.secrets.adminKey}
    GraphQL                ${api}/graphql
    Administrator's key    ${sandbox.secrets.adminKey}

  Try first: put Alice among the directors, and watch her get the role on the guild's page.

    curl -s ${api}/graphql -H 'content-type: application/json' \\
      -H 'authorization: Bearer ${sandbox.secrets.adminKey}' \\
      -d '{"query":"mutation { recordMembershipChanges(input: { changes: [{ platformUserId: \\"alice\\", groupId: \\"directors\\", change: ADDED }] }) { results { verdict } } }"}'

`;
}
