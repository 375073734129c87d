import type { GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';

import { guardScopes } from './access/access.js';
import { AuditCauseResolver, AuditRecordResolver } from './audit/audit-record.resolver.js';
import { ClientMutationsResolver } from './clients/client-mutations.resolver.js';
import type { ClientPolicy } from './clients/client-settings.js';
import { DiscordClientResolver, DiscordRoleResolver } from './clients/discord-client.resolver.js';
import { FactMutationsResolver, PlatformResolver } from './facts/facts.resolver.js';
import { DateTime } from './kit/scalars.js';
import {
  DiscordUserResolver,
  DisputeResolver,
  MembershipRequestResolver,
} from './links/discord-user.resolver.js';
import {
  BlockedRoleResolver,
  ExplainedMappingResolver,
  ExplainRoleResolver,
  MemberPlanResolver,
  PlannedRequestResolver,
} from './links/explain.resolver.js';
import { LinkMutationsResolver } from './links/link-mutations.resolver.js';
import { MappingMutationsResolver, RoleMappingResolver } from './mappings/mapping.resolver.js';
import type { ApiPorts } from './ports.js';
import type { SignInSite } from './sign-in/addresses.js';
import { SubscriptionsResolver } from './subscriptions/subscriptions.resolver.js';
import { ClientSchedulesResolver, ScheduleResolver } from './sweeps/schedule.resolver.js';
import { SweepMutationsResolver } from './sweeps/sweep-mutations.resolver.js';
import { SweepPlanMemberResolver, SweepResolver } from './sweeps/sweep.resolver.js';

interface SchemaDeps extends ClientPolicy {
  readonly ports: ApiPorts;
  readonly site: SignInSite;
}

/**
 * Builds the schema with its resolvers. If `deps` is null, the schema can be printed, but its
 * resolvers cannot run.
 */
export async function buildConnectorSchema(deps: SchemaDeps | null): Promise<GraphQLSchema> {
  const instances = new Map(deps && RESOLVERS.map(([name, create]) => [name, create(deps)]));
  const [first, ...others] = RESOLVERS.map(([resolver]) => resolver);
  if (!first) throw new Error('there are no resolvers');
  const schema = await buildSchema({
    resolvers: [first, ...others],
    container: {
      get: (resolver) => {
        const instance = instances.get(resolver);
        if (!instance) throw new Error('a resolver is missing its dependencies');
        return instance;
      },
    },
    scalarsMap: [{ type: Date, scalar: DateTime }],
    pubSub: NO_TOPICS,
    validate: false,
  });
  describeRoots(schema);
  guardScopes(schema);
  return schema;
}

type ResolverClass = Parameters<typeof buildSchema>[0]['resolvers'][number];

const RESOLVERS: readonly (readonly [ResolverClass, (deps: SchemaDeps) => object])[] = [
  [DiscordClientResolver, ({ ports }) => new DiscordClientResolver(ports.clients)],
  [DiscordRoleResolver, () => new DiscordRoleResolver()],
  [RoleMappingResolver, ({ ports }) => new RoleMappingResolver(ports.read)],
  [DiscordUserResolver, ({ ports }) => new DiscordUserResolver(ports.read)],
  [DisputeResolver, () => new DisputeResolver()],
  [MembershipRequestResolver, () => new MembershipRequestResolver()],
  [PlannedRequestResolver, () => new PlannedRequestResolver()],
  [PlatformResolver, ({ ports }) => new PlatformResolver(ports.read)],
  [AuditRecordResolver, ({ ports }) => new AuditRecordResolver(ports.read)],
  [AuditCauseResolver, () => new AuditCauseResolver()],
  [MemberPlanResolver, ({ ports }) => new MemberPlanResolver(ports.links)],
  [BlockedRoleResolver, () => new BlockedRoleResolver()],
  [ExplainRoleResolver, ({ ports }) => new ExplainRoleResolver(ports.links)],
  [ExplainedMappingResolver, () => new ExplainedMappingResolver()],
  [ScheduleResolver, ({ ports }) => new ScheduleResolver(ports.schedules)],
  [ClientSchedulesResolver, () => new ClientSchedulesResolver()],
  [SweepResolver, ({ ports }) => new SweepResolver(ports.sweeps)],
  [SweepPlanMemberResolver, () => new SweepPlanMemberResolver()],
  [SubscriptionsResolver, () => new SubscriptionsResolver()],
  [
    ClientMutationsResolver,
    ({ ports: { clients }, ...policy }) => new ClientMutationsResolver({ clients, policy }),
  ],
  [MappingMutationsResolver, ({ ports }) => new MappingMutationsResolver(ports.mappings)],
  [
    LinkMutationsResolver,
    ({ ports: { links, signIn }, site }) => new LinkMutationsResolver({ links, signIn, site }),
  ],
  [FactMutationsResolver, ({ ports }) => new FactMutationsResolver(ports.facts)],
  [SweepMutationsResolver, ({ ports }) => new SweepMutationsResolver(ports.sweeps)],
];

/** Sets the descriptions of the root types, for which type-graphql has no option. */
function describeRoots(schema: GraphQLSchema): void {
  const roots = [
    [schema.getQueryType(), 'All queries.'],
    [schema.getMutationType(), 'All mutations. Each takes one input.'],
    [schema.getSubscriptionType(), 'All subscriptions, served at `/admin`.'],
  ] as const;
  for (const [type, description] of roots) if (type) type.description = description;
}

/**
 * type-graphql requires a PubSub, but subscriptions do not use it. They read from the database,
 * where every process writes its changes.
 */
const NO_TOPICS: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('subscriptions need topics');
  },
};
