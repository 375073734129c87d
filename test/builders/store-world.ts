import {
  DEFAULT_CLIENT_SETTINGS,
  type Cause,
  type FactOrder,
  type GuildRole,
  type PlatformFact,
} from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { GUILD_ID } from './member-facts.js';

export const cause: Cause = {
  kind: 'MUTATION',
  id: 'request-1',
  actor: 'tests',
};

export function guildRole(roleId: string, role: Partial<GuildRole> = {}): GuildRole {
  return {
    roleId,
    name: `role ${roleId}`,
    position: 1,
    color: 0,
    isManaged: false,
    refusal: null,
    ...role,
  };
}

type ClientInput = Parameters<Store['clients']['createClient']>[0];

export function clientInput(input: Partial<ClientInput> = {}): ClientInput {
  return {
    ...DEFAULT_CLIENT_SETTINGS,
    name: 'Test community',
    guildId: GUILD_ID,
    applicationId: '800000000000000001',
    clientSecret: 'the client secret',
    botToken: 'the bot token',
    endpoints: {
      apiBase: 'http://127.0.0.1:1/api/v10',
      authorizeUrl: 'http://127.0.0.1:1/oauth2/authorize',
      tokenUrl: 'http://127.0.0.1:1/api/oauth2/token',
      revokeUrl: 'http://127.0.0.1:1/api/oauth2/token/revoke',
    },
    ...input,
  };
}

let lastTimeUs = 1_000_000;

/** Later than every order made before it. */
export function nextOrder(): FactOrder {
  lastTimeUs += 1;
  return { sequence: null, timeUs: lastTimeUs };
}

export function membership(
  platformUserId: string,
  groupId: string,
  change: 'added' | 'removed' = 'added',
  order: FactOrder = nextOrder(),
): PlatformFact {
  return {
    kind: 'membershipChanged',
    platformUserId,
    groupId,
    change,
    order,
    cause: {
      kind: 'EVENT',
      id: `event-${order.timeUs}`,
      actor: 'site',
      groupId,
    },
  };
}

export function snapshotOf(platformUserId: string, groupIds: readonly string[]): PlatformFact {
  return {
    kind: 'membershipSnapshot',
    platformUserId,
    groupIds,
    order: nextOrder(),
    cause,
  };
}

/** A client whose guild has the given roles, with each of the given groups mapped to its role. */
export async function createMappedClient(
  store: Store,
  mappings: readonly { readonly groupId: string; readonly roleId: string }[],
  input: Partial<ClientInput> = {},
) {
  const client = await store.clients.createClient(clientInput(input));
  await store.memory.saveRoles(client.id, {
    ownerId: null,
    roles: [...new Set(mappings.map(({ roleId }) => roleId))].map((roleId) => guildRole(roleId)),
  });
  await store.applyFacts(
    mappings.map(({ groupId }) => ({
      kind: 'groupChanged',
      groupId,
      name: groupId,
      order: nextOrder(),
      cause,
    })),
  );
  const ids: string[] = [];
  for (const { groupId, roleId } of mappings) {
    const { mapping } = await mapGroup(store.mappings, {
      clientId: client.id,
      groupId,
      roleId,
    });
    ids.push(mapping?.id ?? '');
  }
  return { client, mappingIds: ids };
}

/** Whoever has the say at the client has it here. */
export const mapGroup = (
  mappings: Store['mappings'],
  {
    clientId,
    groupId,
    roleId,
  }: {
    readonly clientId: string;
    readonly groupId: string;
    readonly roleId: string;
  },
) =>
  mappings.createMapping({
    clientId,
    groupId,
    roleId,
    authority: null,
    dryRun: false,
    cause,
  });

export async function link(
  store: Store,
  clientId: string,
  platformUserId: string,
  discordUserId: string,
): Promise<string> {
  const { linkId } = await store.links.linkMember({
    clientId,
    platformUserId,
    discordUserId,
    cause,
  });
  return linkId;
}
