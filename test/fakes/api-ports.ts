import { aLiveStatus } from '../builders/api-views.js';
import { APPLIED, STALE } from '../builders/fact-outcomes.js';
import type { AuditRecord } from '../../services/api/audit/audit-record.types.js';
import type {
  DiscordClient,
  DiscordRole,
} from '../../services/api/clients/discord-client.types.js';
import type { LiveStatus } from '../../services/api/clients/live-status.types.js';
import type { DisputeCounts } from '../../services/api/clients/ports.js';
import type { PlatformGroup, PlatformUser } from '../../services/api/facts/platform.types.js';
import type { Dispute } from '../../services/api/links/dispute.types.js';
import type {
  DiscordUser,
  MembershipRequest,
} from '../../services/api/links/discord-user.types.js';
import type { ImportVerdict } from '../../services/api/links/ports.js';
import type { UnlinkedRoleView } from '../../services/api/mappings/ports.js';
import type { RoleMapping } from '../../services/api/mappings/role-mapping.types.js';
import type { ApiPorts } from '../../services/api/ports.js';
import type { HeldPlansView } from '../../services/api/sweeps/ports.js';
import { InputError } from '../../services/lib/errors.js';
import type { PlatformFact } from '../../services/model.js';
import { cut } from './cut.js';
import { anExplanation } from '../builders/explanation.js';
import { createFakeIdempotency } from './idempotency-port.js';
import { createFakeNotices, type FakeNotices } from './notice-ports.js';
import { aSignInWorld, oauthPort, signInPort, type SignInWorld } from './sign-in-ports.js';
import { schedulePort, sweepPort, type SweepWorld } from './sweep-ports.js';

/** What the world holds, as the API sees it. */
export interface ApiWorld extends SweepWorld {
  clients: DiscordClient[];
  roles: DiscordRole[];
  mappings: RoleMapping[];
  links: DiscordUser[];
  requests: MembershipRequest[];
  users: PlatformUser[];
  groups: PlatformGroup[];
  /** Groups that hold a user, by user. */
  held: Record<string, string[]>;
  /** What a new mapping leaves to a person. */
  heldRemovals?: { sweepId: string; removals: number };
  /** By client. */
  heldPlans: Record<string, HeldPlansView>;
  unlinked: UnlinkedRoleView[];
  /** Of every client. */
  live: LiveStatus;
  disputeCounts: DisputeCounts;
  /** By link. */
  disputes: Record<string, Dispute>;
  audit: AuditRecord[];
  /** Facts received, in order; those about `staleFor` lose. */
  facts: PlatformFact[];
  staleFor: string | null;
  answer: 'DONE' | 'PENDING';
  /** What is said of imported users; all others are linked. */
  importVerdicts: Record<string, ImportVerdict>;
  signIn: SignInWorld;
  isReady: boolean;
}

export interface FakeApiPorts {
  readonly ports: ApiPorts;
  readonly world: ApiWorld;
  /** Says what has happened to those who subscribe. */
  readonly notices: FakeNotices;
  /** Every call of a port, in order: `read.findLinks`. Each of them would be one statement. */
  readonly calls: string[];
  /** What a port was called with last. */
  lastArguments(name: string): readonly unknown[];
  /** Makes a port throw from now on; null: no more. */
  fail(name: string, error: Error | null): void;
}

export function createFakeApiPorts(given: Partial<ApiWorld> = {}): FakeApiPorts {
  const world: ApiWorld = {
    clients: [],
    roles: [],
    mappings: [],
    links: [],
    requests: [],
    users: [],
    groups: [],
    held: {},
    heldPlans: {},
    unlinked: [],
    live: aLiveStatus(),
    disputeCounts: { reversals: 0, kept: 0, requests: 0 },
    disputes: {},
    audit: [],
    facts: [],
    staleFor: null,
    answer: 'DONE',
    importVerdicts: {},
    signIn: aSignInWorld(),
    schedules: [],
    sweeps: [],
    isReady: true,
    ...given,
  };
  const calls: string[] = [];
  const failures = new Map<string, Error>();
  const lastCalls = new Map<string, readonly unknown[]>();
  const watch = <Port extends object>(room: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const call = `${room}.${String(name)}`;
          calls.push(call);
          lastCalls.set(call, args);
          const failure = failures.get(call);
          if (failure) return Promise.reject(failure);
          return Reflect.apply(value, target, args);
        };
      },
    });
  const notices = createFakeNotices(world);
  return {
    world,
    notices,
    calls,
    lastArguments: (name) => lastCalls.get(name) ?? [],
    fail: (name, error) =>
      void (error === null ? failures.delete(name) : failures.set(name, error)),
    ports: {
      clients: watch('clients', clientPort(world)),
      mappings: watch('mappings', mappingPort(world)),
      links: watch('links', linkPort(world)),
      signIn: {
        ...watch(
          'signIn',
          signInPort(world.signIn, () => world.clients),
        ),
        oauth: watch('oauth', oauthPort(world.signIn)),
      },
      facts: watch('facts', factPort(world)),
      read: watch('read', readPort(world)),
      schedules: watch('schedules', schedulePort(world)),
      sweeps: watch('sweeps', sweepPort(world)),
      notices: watch('notices', notices),
      idempotency: watch('idempotency', createFakeIdempotency()),
      health: {
        stage: () => 'serving',
        readiness: () => ({
          isReady: world.isReady,
          parts: world.isReady
            ? [{ name: 'api', state: 'ready' }]
            : [{ name: 'store', state: 'down', reason: 'no connection' }],
        }),
      },
    },
  };
}

const effect = {
  additions: 2,
  removals: 1,
  calls: 3,
  seconds: 2,
  members: [
    {
      discordUserId: '600000000000000001',
      platformUserId: 'alice',
      add: ['300000000000000001'],
      remove: [],
      reason: 'in group pilots',
    },
  ],
};

function clientPort(world: ApiWorld): ApiPorts['clients'] {
  const find = (id: string) => world.clients.find((client) => client.id === id);
  return {
    createClient: async ({ clientSecret, botToken, ...settings }) => {
      if (clientSecret === '' || botToken === '') throw new Error('no secrets');
      const template = world.clients[0];
      if (!template) throw new Error('the fake needs one client to copy');
      const client = {
        ...template,
        ...settings,
        id: '0192f000-0000-7000-8000-0000000000ff',
        rolesReadAt: null,
      };
      world.clients.push(client);
      return client;
    },
    updateClient: async (id, { clientSecret, botToken, ...settings }) => {
      const at = world.clients.findIndex((client) => client.id === id);
      const before = world.clients[at];
      if (!before) throw new InputError('NOT_FOUND', 'gone', 'input.id');
      if (clientSecret === '' || botToken === '') throw new Error('no secrets');
      return (world.clients[at] = { ...before, ...settings });
    },
    deleteClient: async ({ id, dryRun }) => {
      if (!dryRun) world.clients = world.clients.filter((client) => client.id !== id);
      return effect;
    },
    checkClient: async () => [{ name: 'token', result: 'OK', message: 'Known.', remedy: null }],
    importRoles: async (id) => world.roles.filter((role) => role.clientId === id),
    listClients: async () => world.clients,
    findClients: async (ids) => ids.map(find),
  };
}

function mappingPort(world: ApiWorld): ApiPorts['mappings'] {
  const find = (id: string): RoleMapping => {
    const mapping = world.mappings.find((mapping) => mapping.id === id);
    if (!mapping) throw new InputError('NOT_FOUND', 'gone', 'input.id');
    return mapping;
  };
  return {
    createMapping: async ({ clientId, groupId, roleId, authority, dryRun }) => {
      if (!world.groups.some((group) => group.id === groupId))
        throw new InputError('NOT_FOUND', 'no such group', 'input.groupId');
      if (dryRun) return { mapping: null, effect, held: null };
      const mapping: RoleMapping = {
        id: '0192f000-0000-7000-8000-0000000000fe',
        clientId,
        groupId,
        roleId,
        authority: authority ?? 'PLATFORM',
        createdAt: new Date(0),
        retiredAt: null,
      };
      world.mappings.push(mapping);
      return { mapping, effect, held: world.heldRemovals ?? null };
    },
    updateMapping: async ({ id, authority }) => ({ ...find(id), authority }),
    retireMapping: async ({ id }) => ({
      mapping: { ...find(id), retiredAt: new Date(0) },
      effect,
      held: world.heldRemovals ?? null,
    }),
  };
}

function linkPort(world: ApiWorld): ApiPorts['links'] {
  return {
    linkMember: async ({ clientId, platformUserId, discordUserId }) => {
      const template = world.links[0];
      if (!template) throw new Error('the fake needs one link to copy');
      const linkId = '0192f000-0000-7000-8000-0000000000fd';
      const user = world.users[0];
      if (user) world.users.push({ ...user, id: platformUserId });
      world.links.push({
        ...template,
        id: linkId,
        clientId,
        platformUserId,
        discordUserId,
      });
      return { linkId, warnings: ['the link to another account ends'] };
    },
    importMembers: async ({ users, dryRun }) =>
      users.map(
        ({ platformUserId }): ImportVerdict =>
          world.importVerdicts[platformUserId] ?? {
            kind: 'LINKED',
            message: null,
            linkId: dryRun ? null : (world.links[0]?.id ?? null),
          },
      ),
    unlinkMember: async ({ id }) => {
      world.links = world.links.map((link) =>
        link.id === id ? { ...link, state: 'ENDING' } : link,
      );
    },
    reconcileMember: async () => world.answer,
    memberPlan: async () => ({
      add: [world.roles[0]?.roleId ?? ''],
      remove: [],
      waiting: [],
      held: [],
      unknown: [],
      blocked: [{ roleId: world.roles[1]?.roleId ?? '', refusal: 'ABOVE_BOT' }],
      nickname: null,
      nicknameBlocked: null,
      requests: world.requests.map(({ groupId, roleId, change }) => ({
        groupId,
        roleId,
        change,
        isHeld: change === 'REMOVED',
      })),
      observedAt: new Date(0),
      summary: 'one role to give',
    }),
    explainRole: async ({ id, roleId }) => {
      const link = world.links.find((one) => one.id === id);
      const role = world.roles.find((one) => one.roleId === roleId);
      if (!link || !role) throw new InputError('NOT_FOUND', 'no such role', 'roleId');
      return anExplanation({ roleId, roleName: role.name });
    },
  };
}

function factPort(world: ApiWorld): ApiPorts['facts'] {
  return {
    applyFacts: async (facts) => {
      world.facts.push(...facts);
      return facts.map((fact) =>
        'platformUserId' in fact && fact.platformUserId === world.staleFor ? STALE : APPLIED,
      );
    },
    restoreUser: async (id) => {
      const user = world.users.find((one) => one.id === id);
      if (!user) throw new InputError('NOT_FOUND', 'no such user');
      return user.deletedAt !== null;
    },
  };
}

function readPort(world: ApiWorld): ApiPorts['read'] {
  const linksOf = (clientId: string) => world.links.filter((link) => link.clientId === clientId);
  const groupsLike = (search: string | null) =>
    world.groups.filter((group) => group.id.includes(search ?? ''));
  const recordsOf = (clientIds: readonly string[] | undefined) =>
    world.audit.filter((record) => clientIds?.includes(record.clientId) ?? true);
  return {
    findLinks: async (ids) => pick(ids, world.links, (link) => link.id),
    findLinkByPlatformUser: async (clientId, platformUserId) =>
      linksOf(clientId).find((link) => link.platformUserId === platformUserId),
    findLinksByMember: async (keys) =>
      keys.map((key) =>
        linksOf(key.clientId).find((link) => link.discordUserId === key.discordUserId),
      ),
    pageLinks: async (clientId, _filter, page) => cut(linksOf(clientId), page),
    countLinks: async (clientId) => linksOf(clientId).length,
    linksOfPlatformUsers: async (ids) =>
      ids.map((id) => world.links.filter((link) => link.platformUserId === id)),
    rolesOfClients: async (ids) =>
      ids.map((id) => world.roles.filter((role) => role.clientId === id)),
    findRoles: async (keys) =>
      keys.map((key) =>
        world.roles.find((role) => role.clientId === key.clientId && role.roleId === key.roleId),
      ),
    findMappings: async (ids) => pick(ids, world.mappings, (one) => one.id),
    mappingsOfClients: async (ids) =>
      ids.map((id) => world.mappings.filter((one) => one.clientId === id)),
    findPlatformUsers: async (ids) => pick(ids, world.users, (one) => one.id),
    findPlatformGroups: async (ids) => pick(ids, world.groups, (one) => one.id),
    groupsOfPlatformUsers: async (ids) =>
      ids.map((id) => world.groups.filter((group) => world.held[id]?.includes(group.id))),
    pagePlatformGroups: async (search, page) => cut(groupsLike(search), page),
    countPlatformGroups: async (search) => groupsLike(search).length,
    pageAuditRecords: async (filter, page) => cut(recordsOf(filter.clientIds).toReversed(), page),
    requestsOfLinks: async (ids) =>
      ids.map((id) => world.requests.filter((one) => one.linkId === id)),
    liveOfClients: async (ids) => ids.map(() => world.live),
    disputesOfClients: async (ids) => ids.map(() => world.disputeCounts),
    disputesOfLinks: async (ids) => ids.map((id) => world.disputes[id] ?? null),
    parkedOfClients: async (ids) => ids.map(() => null),
    unlinkedRolesOfClients: async (ids) =>
      ids.map((id) => world.unlinked.filter((one) => one.clientId === id)),
    pageUnlinkedHolders: async (_role, page) => cut([], page),
    countUnlinkedHolders: async () => 0,
    heldPlansOfClients: async (ids) => ids.map((id) => world.heldPlans[id] ?? null),
    pendingOfClients: async (ids) =>
      ids.map((id) => linksOf(id).filter((link) => link.state === 'PENDING').length),
    pendingOfPlatformUsers: async (ids) =>
      ids.map(
        (id) =>
          world.links.filter((link) => link.platformUserId === id && link.state === 'PENDING')
            .length,
      ),
    countAuditRecords: async (filter) => recordsOf(filter.clientIds).length,
  };
}

const pick = <Row>(ids: readonly string[], rows: readonly Row[], idOf: (row: Row) => string) =>
  ids.map((id) => rows.find((row) => idOf(row) === id));
