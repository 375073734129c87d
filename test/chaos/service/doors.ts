import { z } from 'zod';

import type { PlatformFact } from '../../../services/model.js';
import { DiscordSaidError, RefusedError, type ApiCaller } from './api.js';
import type { WorldBroker } from '../kafka.js';
import type { Doors, ShownPlan } from '../doors.js';

interface Deps {
  readonly api: ApiCaller;
  /** Null: there is no broker, and the API hears all that it can. */
  readonly broker: WorldBroker | null;
  readonly clientId: string;
  /** For facts that only events can tell, where no broker is. */
  readonly applyFacts: (facts: readonly PlatformFact[]) => Promise<unknown>;
  /**
   * The times of facts decide, which a mutation has not: what a group's deletion ends goes by them.
   */
  readonly goesByTime: boolean;
  /** Goes through the pages, from the address that begins a link. */
  readonly signIn: (url: string, discordUserId: string) => Promise<void>;
  /** Whoever is not in the guild is brought in, which worlds do not foresee. */
  readonly isInGuild: (discordUserId: string) => boolean;
  /** Asked of the database itself. */
  readonly query: (text: string) => Promise<readonly unknown[]>;
}

const Ids = z.array(z.object({ id: z.string() }));
const Nodes = z.object({
  nodes: z.array(z.object({ discordUserId: z.string() })),
});
const Plan = z
  .object({
    hash: z.string(),
    members: z.array(z.object({ discordUserId: z.string(), remove: Ids })),
  })
  .transform(({ hash, members }): ShownPlan => ({
    hash,
    members: members.map(({ discordUserId, remove }) => ({
      discordUserId,
      remove: remove.map(({ id }) => id),
    })),
  }));
const Sweeps = z.array(z.object({ id: z.string(), state: z.string(), plan: Plan.nullable() }));

/** As the platform and its admins do: facts by Kafka and by the API, all else by the API. */
export function serviceDoors(deps: Deps): Doors {
  const { api, clientId } = deps;
  const ask = async <T>(type: z.ZodType<T>, text: string, variables = {}) =>
    type.parse((await api.ask(text, variables)).data);
  const order = async (name: string, input: object, fields = 'warnings') =>
    api.ask(
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${fields} } }`,
      { input },
    );
  return {
    tell: teller(deps, order),
    link: linker(deps, order),
    unlink: async (id) => done(order('unlinkDiscordUser', { id })),
    reconcile: async (id) => void (await order('reconcileDiscordUser', { id }).catch(onlyDiscord)),
    async linkOf(platformUserId) {
      const { found } = await ask(Found, LINK_OF, { clientId, platformUserId });
      return found?.id;
    },
    map: async (groupId, roleId) => mapBy(deps, order, { groupId, roleId }),
    setAuthority: async (id, authority) => done(order('updateRoleMapping', { id, authority })),
    retire: async (id, holders) => done(order('retireRoleMapping', { id, holders, dryRun: false })),
    async update({ isEnabled, isLive, ...patch }) {
      const enabled = isEnabled !== undefined && { enabled: isEnabled };
      const live = isLive !== undefined && { live: isLive };
      const input = { id: clientId, ...patch, ...enabled, ...live };
      await order('updateDiscordClient', input).catch(onlyDiscord);
    },
    importRoles: async () =>
      void (await order('importDiscordRoles', { id: clientId }).catch(onlyDiscord)),
    startSweep: async (kind, dryRun) =>
      void (await order('startSweep', { clientId, kind, dryRun })),
    cancelSweep: async (id) => done(order('cancelSweep', { id })),
    decideSweep: async (decision) => decideBy(deps, decision),
    sweeps: async () => sweepsOf(deps),
    async countPending() {
      const Count = z.object({
        discordUsers: z.object({ totalCount: z.number() }),
      });
      const { discordUsers } = await ask(Count, PENDING, { clientId });
      return discordUsers.totalCount;
    },
    async endingAccounts() {
      const Found = z.object({ discordUsers: Nodes });
      const { discordUsers } = await ask(Found, ENDING, { clientId });
      return discordUsers.nodes.map((node) => node.discordUserId);
    },
  };
}

type Order = (name: string, input: object, fields?: string) => ReturnType<ApiCaller['ask']>;

const LINK_OF = `query ($clientId: ID!, $platformUserId: ID!) {
  found: discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) { id discordUserId state }
}`;
const Found = z.object({
  found: z.object({ id: z.string(), discordUserId: z.string(), state: z.string() }).nullable(),
});
const PENDING = `query ($clientId: ID!) {
  discordUsers(clientId: $clientId, filter: { states: [PENDING] }) { totalCount }
}`;
const ENDING = `query ($clientId: ID!) {
  discordUsers(clientId: $clientId, filter: { states: [ENDING] }, first: 50) { nodes { discordUserId } }
}`;
const SWEEP = 'id state plan { hash members { discordUserId remove { id } } }';

/** What is refused when it is asked for again may be refused because it is done. */
async function done(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof RefusedError && error.isRepeated)) throw error;
  }
}

function onlyDiscord(error: unknown): void {
  if (!(error instanceof DiscordSaidError)) throw error;
}

async function mapBy(
  { query, clientId }: Deps,
  order: Order,
  { groupId, roleId }: { readonly groupId: string; readonly roleId: string },
): Promise<string | null> {
  const Made = z.object({
    createRoleMapping: z.object({
      mapping: z.object({ id: z.string() }).nullable(),
    }),
  });
  try {
    const input = { clientId, groupId, roleId };
    const { data } = await order('createRoleMapping', input, 'mapping { id }');
    return Made.parse(data).createRoleMapping.mapping?.id ?? null;
  } catch (error) {
    // Discord is asked first, unless its roles are known well enough.
    const isDone = error instanceof RefusedError && error.isRepeated;
    if (!isDone && !(error instanceof DiscordSaidError)) throw error;
    const [found] = Ids.parse(
      await query(
        `select id from role_mapping where group_id = '${groupId}' and role_id = '${roleId}' and retired_at is null`,
      ),
    );
    if (found === undefined && isDone) throw error;
    return found?.id ?? null;
  }
}

async function sweepsOf({ api, clientId }: Deps) {
  const { data } = await api.ask(
    `query ($clientId: ID!) { sweeps(clientId: $clientId, first: 50) { nodes { ${SWEEP} } } }`,
    { clientId },
  );
  const Found = z.object({ sweeps: z.object({ nodes: Sweeps }) });
  return Found.parse(data).sweeps.nodes;
}

async function decideBy(
  deps: Deps,
  { id, hash, verdict }: Parameters<Doors['decideSweep']>[0],
): Promise<ShownPlan | null> {
  const name = verdict === 'APPROVED' ? 'approveSweep' : 'rejectSweep';
  const type = verdict === 'APPROVED' ? 'Approve' : 'Reject';
  // A plan that is carried out shrinks as it is.
  const shown = (await sweepsOf(deps)).find((sweep) => sweep.id === id)?.plan;
  const plan = shown?.hash === hash ? shown : null;
  try {
    await deps.api.ask(
      `mutation ($input: ${type}SweepInput!) { ${name}(input: $input) { sweep { ${SWEEP} } } }`,
      { input: { id, hash } },
    );
    return plan;
  } catch (error) {
    const isDone = error instanceof RefusedError && error.isRepeated;
    const now = (await sweepsOf(deps)).find((sweep) => sweep.id === id);
    if (!isDone || now?.state === 'HELD') throw error;
    return plan;
  }
}

/** Every other one signs in, and is linked by the API where that did not come to its end. */
function linker(deps: Deps, order: Order): Doors['link'] {
  const { clientId, signIn, isInGuild } = deps;
  let linked = 0;
  return async (platformUserId, discordUserId) => {
    linked += 1;
    const person = { clientId, platformUserId };
    if (linked % 2 === 0 && isInGuild(discordUserId)) {
      const { data } = await order('beginDiscordLink', person, 'url');
      const { beginDiscordLink } = Begun.parse(data);
      await signIn(beginDiscordLink.url, discordUserId).catch(() => undefined);
      if (await isLinked(deps, platformUserId, discordUserId)) return;
    }
    await order('linkDiscordUser', { ...person, discordUserId });
  };
}

const Begun = z.object({ beginDiscordLink: z.object({ url: z.string() }) });

async function isLinked(
  { api, clientId }: Deps,
  platformUserId: string,
  discordUserId: string,
): Promise<boolean> {
  const { data } = await api.ask(LINK_OF, { clientId, platformUserId });
  const { found } = Found.parse(data);
  return found?.discordUserId === discordUserId && found.state !== 'ENDING';
}

/** A third of what the API can hear goes there, and the rest to Kafka. */
function teller({ broker, applyFacts, goesByTime }: Deps, order: Order): Doors['tell'] {
  let told = 0;
  const tellOne = async (fact: PlatformFact) => {
    told += 1;
    if (goesByTime) return broker === null ? void (await applyFacts([fact])) : broker.tell([fact]);
    if (broker !== null && (told % 3 !== 0 || fact.order.sequence === null))
      return broker.tell([fact]);
    return tellApi(fact, order, applyFacts, broker === null);
  };
  return async (facts) => {
    if (broker !== null && facts.length > 1) return broker.tell(facts);
    for (const fact of facts) await tellOne(fact);
  };
}

/**
 * The API has no times, only sequences: where it is the only door, those without one get low ones,
 * and those with one high ones, which is the order that they have.
 */
async function tellApi(
  fact: PlatformFact,
  order: Order,
  applyFacts: Deps['applyFacts'],
  isOnlyDoor: boolean,
): Promise<void> {
  const { sequence: given, timeUs } = fact.order;
  const raised = given === null ? timeUs : AFTER_ALL_TIMES + given;
  const sequence = isOnlyDoor ? raised : given;
  switch (fact.kind) {
    case 'membershipChanged': {
      const { platformUserId, groupId } = fact;
      const change = fact.change === 'added' ? 'ADDED' : 'REMOVED';
      const item = { platformUserId, groupId, change, sequence };
      return void (await order('recordMembershipChanges', { changes: [item] }));
    }
    case 'membershipSnapshot': {
      const { platformUserId, groupIds } = fact;
      const item = { platformUserId, groupIds, sequence };
      return void (await order('replaceMemberships', { users: [item] }));
    }
    case 'userChanged':
    case 'userDeleted':
    case 'groupChanged':
    case 'groupDeleted':
      return void (await applyFacts([fact]));
  }
}

const AFTER_ALL_TIMES = 1_000;
