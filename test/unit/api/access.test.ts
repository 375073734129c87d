import {
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildConnectorSchema } from '../../../services/api/schema.js';
import { CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

/** Which scope each field needs: a field that is not listed here fails the test. */
const SCOPES = {
  Query: {
    discordClients: 'read',
    discordClient: 'read',
    discordUsers: 'read',
    discordUser: 'read',
    discordUserByPlatformId: 'read',
    platformUser: 'read',
    platformGroups: 'read',
    roleMappings: 'read',
    unlinkedHolders: 'read',
    heldPlans: 'admin',
    auditRecords: 'admin',
    memberPlan: 'read',
    explainRole: 'read',
    schedules: 'admin',
    sweeps: 'admin',
    sweep: 'admin',
  },
  Mutation: {
    createDiscordClient: 'admin',
    updateDiscordClient: 'admin',
    deleteDiscordClient: 'admin',
    checkDiscordClient: 'admin',
    importDiscordRoles: 'admin',
    createRoleMapping: 'admin',
    updateRoleMapping: 'admin',
    retireRoleMapping: 'admin',
    beginDiscordLink: 'write',
    linkDiscordUser: 'write',
    importDiscordUsers: 'write',
    unlinkDiscordUser: 'write',
    reconcileDiscordUser: 'write',
    recordMembershipChanges: 'write',
    replaceMemberships: 'write',
    upsertPlatformUsers: 'write',
    upsertPlatformGroups: 'write',
    deletePlatformUser: 'write',
    restorePlatformUser: 'admin',
    startSweep: 'admin',
    cancelSweep: 'admin',
    approveSweep: 'admin',
    rejectSweep: 'admin',
    updateSchedule: 'admin',
    loadDefaultSchedule: 'admin',
  },
} as const satisfies Record<string, Record<string, 'read' | 'write' | 'admin'>>;

const RANKS = ['read', 'write', 'admin'] as const;

let api: StartedApi;
let schema: GraphQLSchema;
beforeAll(async () => {
  api = await startApi();
  schema = await buildConnectorSchema(null);
});
afterAll(async () => api.server.stop());

const rootFields = () =>
  [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({ type, field })),
  );

describe('authorization', () => {
  it('has a listed scope for every query and mutation', () => {
    const listed = { ...SCOPES.Query, ...SCOPES.Mutation };

    expect(
      rootFields()
        .map(({ field }) => field.name)
        .toSorted(),
    ).toEqual(Object.keys(listed).toSorted());
    // The subscriptions' own tests check their permissions.
    expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toEqual([
      'auditRecordAdded',
      'sweepProgressed',
    ]);
  });

  it('refuses every field to callers without a valid key, and calls no port', async () => {
    api.calls.length = 0;
    for (const { type, field } of rootFields())
      for (const key of [null, 'a-key-nobody-has']) {
        const answer = await api.ask(operationOf(type, field), {}, { key });

        expect(faultsOf(answer), field.name).toEqual([{ code: 'UNAUTHENTICATED' }]);
        expect(answer.body.data?.[field.name] ?? null).toBeNull();
      }
    expect(api.calls).toEqual([]);
  });

  it.each(RANKS)('gives a discord:%s key exactly the fields of its scope', async (rank) => {
    const listed: Record<string, (typeof RANKS)[number]> = {
      ...SCOPES.Query,
      ...SCOPES.Mutation,
    };
    for (const { type, field } of rootFields()) {
      const needed = listed[field.name] ?? 'admin';
      const answer = await api.ask(operationOf(type, field), {}, { key: KEYS[rank] });

      const isRefused = faultsOf(answer).some(({ code }) => code === 'FORBIDDEN');
      expect(isRefused, field.name).toBe(RANKS.indexOf(rank) < RANKS.indexOf(needed));
    }
  });
});

/** The smallest valid operation for a field; the requested objects need not exist. */
function operationOf(
  type: GraphQLObjectType | null | undefined,
  field: GraphQLField<unknown, unknown>,
): string {
  const args = field.args
    .filter((arg) => arg.type instanceof GraphQLNonNull)
    .map((arg) => `${arg.name}: ${literalOf(arg.type)}`);
  const kind = type?.name === 'Mutation' ? 'mutation' : 'query';
  const called = args.length > 0 ? `(${args.join(', ')})` : '';
  return `${kind} { ${field.name}${called} { __typename } }`;
}

function literalOf(type: GraphQLInputType): string {
  if (type instanceof GraphQLNonNull) return literalOf(type.ofType);
  if (type instanceof GraphQLList) return '[]';
  if (type instanceof GraphQLEnumType) return type.getValues()[0]?.name ?? '';
  if (type instanceof GraphQLInputObjectType) {
    const required = Object.values(type.getFields()).filter(
      (field) => field.type instanceof GraphQLNonNull,
    );
    return `{ ${required.map((field) => `${field.name}: ${literalOf(field.type)}`).join(', ')} }`;
  }
  return `"100000000000000009"`;
}

describe('a key limited to some clients', () => {
  const limited = { key: KEYS.limited };

  it('lists only what belongs to those clients', async () => {
    const answer = await api.ask(
      `{
        discordClients { id }
        auditRecords { totalCount nodes { client { id } } }
        platformUser(id: "alice") { discordUsers { client { id } } }
      }`,
      {},
      limited,
    );

    expect(answer.body).toEqual({
      data: {
        discordClients: [{ id: CLIENT_ID }],
        auditRecords: { totalCount: 1, nodes: [{ client: { id: CLIENT_ID } }] },
        platformUser: { discordUsers: [{ client: { id: CLIENT_ID } }] },
      },
    });
  });

  it('gets null for ids that belong to another client', async () => {
    const answer = await api.ask(
      `query ($client: ID!, $link: ID!) {
        discordClient(id: $client) { id }
        discordUser(id: $link) { id }
        memberPlan(id: $link) { summary }
      }`,
      { client: OTHER_CLIENT_ID, link: ownId(0x21) },
      limited,
    );

    expect(answer.body).toEqual({
      data: { discordClient: null, discordUser: null, memberPlan: null },
    });
  });

  it.each([
    ['{ discordUsers(clientId: "C") { nodes { id } } }', 'clientId'],
    ['{ discordUserByPlatformId(clientId: "C", platformUserId: "alice") { id } }', 'clientId'],
    ['{ roleMappings(clientId: "C") { id } }', 'clientId'],
    ['{ auditRecords(filter: { clientId: "C" }) { nodes { id } } }', 'filter.clientId'],
    [
      'mutation { updateDiscordClient(input: { id: "C", name: "x" }) { client { id } } }',
      'input.id',
    ],
    ['mutation { deleteDiscordClient(input: { id: "C", holders: LEAVE }) { id } }', 'input.id'],
    ['mutation { checkDiscordClient(input: { id: "C" }) { client { id } } }', 'input.id'],
    ['mutation { importDiscordRoles(input: { id: "C" }) { client { id } } }', 'input.id'],
    [
      'mutation { createRoleMapping(input: { clientId: "C", groupId: "pilots", roleId: "300000000000000001" }) { warnings } }',
      'input.clientId',
    ],
    [
      'mutation { linkDiscordUser(input: { clientId: "C", platformUserId: "bob", discordUserId: "400000000000000002" }) { warnings } }',
      'input.clientId',
    ],
  ])('gets FORBIDDEN for a request that names another client: %s', async (query, field) => {
    const answer = await api.ask(query.replace('"C"', `"${OTHER_CLIENT_ID}"`), {}, limited);

    expect(faultsOf(answer)).toEqual([{ code: 'FORBIDDEN', field }]);
  });

  it.each([
    'mutation { unlinkDiscordUser(input: { id: "L" }) { id } }',
    'mutation { reconcileDiscordUser(input: { id: "L" }) { state } }',
    'mutation { updateRoleMapping(input: { id: "M", authority: OBSERVE }) { warnings } }',
    'mutation { retireRoleMapping(input: { id: "M", holders: LEAVE }) { warnings } }',
  ])('gets NOT_FOUND when it changes an object of another client: %s', async (query) => {
    const answer = await api.ask(
      query.replace('"L"', `"${ownId(0x21)}"`).replace('"M"', `"${ownId(0x11)}"`),
      {},
      limited,
    );

    expect(faultsOf(answer)).toEqual([{ code: 'NOT_FOUND', field: 'input.id' }]);
  });

  it.each([
    'recordMembershipChanges(input: { changes: [] }) { warnings }',
    'replaceMemberships(input: { users: [] }) { warnings }',
    'upsertPlatformUsers(input: { users: [] }) { warnings }',
    'upsertPlatformGroups(input: { groups: [] }) { warnings }',
    'deletePlatformUser(input: { platformUserId: "alice" }) { warnings }',
    'restorePlatformUser(input: { platformUserId: "alice" }) { warnings }',
    'createDiscordClient(input: { name: "x", guildId: "100000000000000009", applicationId: "100000000000000009", clientSecret: "s", botToken: "t" }) { warnings }',
  ])('cannot change data that all clients share: %s', async (field) => {
    api.calls.length = 0;

    const answer = await api.ask(`mutation { ${field} }`, {}, limited);

    expect(faultsOf(answer)).toEqual([{ code: 'FORBIDDEN' }]);
    expect(answer.body.errors?.[0]?.message).toContain('limited to some clients');
    expect(api.calls).toEqual([]);
  });
});
