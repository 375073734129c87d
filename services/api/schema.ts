import type { GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';

import { guardScopes } from './access/access.js';
import { AuditCauseResolver, AuditRecordResolver } from './audit/audit-record.resolver.js';
import { ClientMutationsResolver } from './clients/client-mutations.resolver.js';
import { DiscordClientResolver, DiscordRoleResolver } from './clients/discord-client.resolver.js';
import { DiscordUserResolver, MembershipRequestResolver } from './links/discord-user.resolver.js';
import { ExplainedMappingResolver, ExplainRoleResolver } from './links/explain-role.resolver.js';
import { FactMutationsResolver } from './facts/fact-mutations.resolver.js';
import { LinkMutationsResolver } from './links/link-mutations.resolver.js';
import { MappingMutationsResolver } from './mappings/mapping-mutations.resolver.js';
import {
  BlockedRoleResolver,
  MemberPlanResolver,
  PlannedRequestResolver,
} from './links/member-plan.resolver.js';
import { PlatformResolver } from './facts/platform.resolver.js';
import { RoleMappingResolver } from './mappings/role-mapping.resolver.js';
import { ClientSchedulesResolver, ScheduleResolver } from './sweeps/schedule.resolver.js';
import { SweepMutationsResolver } from './sweeps/sweep-mutations.resolver.js';
import { SubscriptionsResolver } from './subscriptions/subscriptions.resolver.js';
import { SweepPlanMemberResolver, SweepResolver } from './sweeps/sweep.resolver.js';
import { DateTime } from './kit/scalars.js';
import type { ClientPolicy } from './clients/client-settings.js';
import type { ApiPorts } from './ports.js';
import type { SignInSite } from './sign-in/addresses.js';

export interface SchemaDeps extends ClientPolicy {
  readonly ports: ApiPorts;
  readonly site: SignInSite;
}

/**
 * The schema with its resolvers; without deps its resolvers cannot run, which is enough to print
 * it.
 */
export async function buildConnectorSchema(deps: SchemaDeps | null): Promise<GraphQLSchema> {
  const instances = deps ? resolverInstances(deps) : null;
  const schema = await buildSchema({
    resolvers: [
      DiscordClientResolver,
      DiscordRoleResolver,
      RoleMappingResolver,
      DiscordUserResolver,
      MembershipRequestResolver,
      PlannedRequestResolver,
      PlatformResolver,
      AuditRecordResolver,
      AuditCauseResolver,
      MemberPlanResolver,
      BlockedRoleResolver,
      ExplainRoleResolver,
      ExplainedMappingResolver,
      ScheduleResolver,
      ClientSchedulesResolver,
      SweepResolver,
      SweepPlanMemberResolver,
      SubscriptionsResolver,
      ClientMutationsResolver,
      MappingMutationsResolver,
      LinkMutationsResolver,
      FactMutationsResolver,
      SweepMutationsResolver,
    ],
    container: {
      get: (resolver: unknown) => {
        const instance = instances?.get(resolver);
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

/** The library has no option for it. */
function describeRoots(schema: GraphQLSchema): void {
  const roots = [
    [schema.getQueryType(), 'All queries.'],
    [schema.getMutationType(), 'All mutations. Each takes one input.'],
    [schema.getSubscriptionType(), 'All subscriptions, served at `/admin`.'],
  ] as const;
  for (const [type, description] of roots) if (type) type.description = description;
}

/**
 * Required by the library; new events are read from the database, where every process writes them.
 */
const NO_TOPICS: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('subscriptions need topics');
  },
};

function resolverInstances(deps: SchemaDeps): ReadonlyMap<unknown, object> {
  const { clients, mappings, links, signIn, facts, read } = deps.ports;
  const { schedules, sweeps } = deps.ports;
  const instances: readonly object[] = [
    new DiscordClientResolver(clients),
    new DiscordRoleResolver(),
    new RoleMappingResolver(read),
    new DiscordUserResolver(read),
    new MembershipRequestResolver(),
    new PlannedRequestResolver(),
    new PlatformResolver(read),
    new AuditRecordResolver(read),
    new AuditCauseResolver(),
    new MemberPlanResolver(links),
    new BlockedRoleResolver(),
    new ExplainRoleResolver(links),
    new ExplainedMappingResolver(),
    new ScheduleResolver(schedules),
    new ClientSchedulesResolver(),
    new SweepResolver(sweeps),
    new SweepPlanMemberResolver(),
    new SubscriptionsResolver(),
    new ClientMutationsResolver({ clients, policy: deps }),
    new MappingMutationsResolver(mappings),
    new LinkMutationsResolver({ links, signIn, site: deps.site }),
    new FactMutationsResolver(facts),
    new SweepMutationsResolver(sweeps),
  ];
  return new Map(instances.map((instance) => [instance.constructor, instance]));
}
