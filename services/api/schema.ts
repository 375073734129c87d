import type { GraphQLSchema } from 'graphql';
import { buildSchema } from 'type-graphql';

import { checkScopes } from './auth/access.js';
import { AuditRecordResolver } from './resolvers/audit-record.resolver.js';
import { ClientMutationsResolver } from './resolvers/client-mutations.resolver.js';
import { DiscordClientResolver } from './resolvers/discord-client.resolver.js';
import { DiscordRoleResolver } from './resolvers/discord-role.resolver.js';
import { DiscordUserResolver } from './resolvers/discord-user.resolver.js';
import {
  ExplainedMappingResolver,
  ExplainRoleResolver,
} from './resolvers/explain-role.resolver.js';
import { FactMutationsResolver } from './resolvers/fact-mutations.resolver.js';
import { LinkMutationsResolver } from './resolvers/link-mutations.resolver.js';
import { MappingMutationsResolver } from './resolvers/mapping-mutations.resolver.js';
import {
  BlockedRoleResolver,
  MemberPlanResolver,
} from './resolvers/member-plan.resolver.js';
import { PlatformResolver } from './resolvers/platform.resolver.js';
import { RoleMappingResolver } from './resolvers/role-mapping.resolver.js';
import { ScheduleMutationsResolver } from './resolvers/schedule-mutations.resolver.js';
import {
  ClientSchedulesResolver,
  ScheduleResolver,
} from './resolvers/schedule.resolver.js';
import { SweepMutationsResolver } from './resolvers/sweep-mutations.resolver.js';
import { SweepPlanMemberResolver } from './resolvers/sweep-plan-member.resolver.js';
import { SweepResolver } from './resolvers/sweep.resolver.js';
import { DateTime } from './scalars.js';
import type { ClientPolicy } from './client-settings.js';
import type { ApiPorts } from './ports.js';
import type { SignInSite } from './sign-in/site.js';

export interface SchemaDeps extends ClientPolicy {
  readonly ports: ApiPorts;
  readonly site: SignInSite;
}

/** The schema with its resolvers; without deps its resolvers cannot run, which is enough to print it. */
export function buildConnectorSchema(
  deps: SchemaDeps | null,
): Promise<GraphQLSchema> {
  const instances = deps ? resolverInstances(deps) : null;
  return buildSchema({
    resolvers: [
      DiscordClientResolver,
      DiscordRoleResolver,
      RoleMappingResolver,
      DiscordUserResolver,
      PlatformResolver,
      AuditRecordResolver,
      MemberPlanResolver,
      BlockedRoleResolver,
      ExplainRoleResolver,
      ExplainedMappingResolver,
      ScheduleResolver,
      ClientSchedulesResolver,
      SweepResolver,
      SweepPlanMemberResolver,
      ClientMutationsResolver,
      MappingMutationsResolver,
      LinkMutationsResolver,
      FactMutationsResolver,
      ScheduleMutationsResolver,
      SweepMutationsResolver,
    ],
    container: {
      get: (resolver: unknown) => {
        const instance = instances?.get(resolver);
        if (!instance) throw new Error('a resolver was not given its deps');
        return instance;
      },
    },
    scalarsMap: [{ type: Date, scalar: DateTime }],
    authChecker: checkScopes,
    validate: false,
  });
}

function resolverInstances(deps: SchemaDeps): ReadonlyMap<unknown, object> {
  const { clients, mappings, links, signIn, facts, read } = deps.ports;
  const { schedules, sweeps } = deps.ports;
  const instances: readonly object[] = [
    new DiscordClientResolver(clients),
    new DiscordRoleResolver(),
    new RoleMappingResolver(),
    new DiscordUserResolver(read),
    new PlatformResolver(read),
    new AuditRecordResolver(read),
    new MemberPlanResolver(links),
    new BlockedRoleResolver(),
    new ExplainRoleResolver(links),
    new ExplainedMappingResolver(),
    new ScheduleResolver(),
    new ClientSchedulesResolver(),
    new SweepResolver(sweeps),
    new SweepPlanMemberResolver(),
    new ClientMutationsResolver({ clients, policy: deps }),
    new MappingMutationsResolver(mappings),
    new LinkMutationsResolver({ links, signIn, site: deps.site }),
    new FactMutationsResolver(facts),
    new ScheduleMutationsResolver(schedules),
    new SweepMutationsResolver(sweeps),
  ];
  return new Map(instances.map((instance) => [instance.constructor, instance]));
}
