import { traceIdOf } from '../../lib/trace.js';
import type { Outcome } from '../../model.js';
import { requireCaller, requireClientAccess } from '../access/access.js';
import { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { PlatformUser } from '../facts/platform.types.js';
import { checkOwnId, checkPlatformId, ifGiven, onlyGiven } from '../kit/checks.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { OutcomeEnum } from '../kit/enums.js';
import { loadRoles } from '../kit/loaders.js';
import { toConnection, toPage } from '../kit/paging.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import { DiscordUser } from '../links/discord-user.types.js';
import {
  AuditCause,
  AuditRecord,
  AuditRecordConnection,
  EnsuredRoles,
} from './audit-record.types.js';
import type { AuditFilter, AuditReads } from './ports.js';

function toAuditFilter(filter: AuditRecordFilter | null): AuditFilter {
  const { clientId, platformUserId, ...others } = filter ?? {};
  return onlyGiven({
    ...others,
    clientId: ifGiven(clientId, (id) => checkOwnId(id, 'filter.clientId')),
    platformUserId: ifGiven(platformUserId, (id) => checkPlatformId(id, 'filter.platformUserId')),
  });
}

@Resolver(() => AuditRecord)
export class AuditRecordResolver {
  constructor(private readonly read: AuditReads) {}

  @Authorized('discord:admin')
  @Query(() => AuditRecordConnection, { description: 'Audit records, newest first.' })
  async auditRecords(
    @Ctx() context: ApiContext,
    @Arg('filter', () => AuditRecordFilter, {
      nullable: true,
      description: 'Omitted: all records.',
    })
    filter: AuditRecordFilter | null = null,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<AuditRecord>> {
    const list = { name: 'auditRecords' } as const;
    const page = toPage(asked, list);
    const records = withinLimit(context, toAuditFilter(filter));
    return toConnection({
      rows: await this.read.pageAuditRecords(records, page),
      page,
      list,
      count: () => this.read.countAuditRecords(records),
    });
  }

  @FieldResolver(() => DiscordClient, {
    nullable: true,
    description: 'The client. Null if it has been deleted.',
  })
  client(@Ctx() { loaders }: ApiContext, @Root() { clientId }: AuditRecord) {
    return loaders.clients.load(clientId);
  }

  @FieldResolver(() => DiscordUser, {
    nullable: true,
    description: "The account's current link. Null if it has none.",
  })
  discordUser(@Ctx() { loaders }: ApiContext, @Root() record: AuditRecord) {
    return loaders.linksByMember.load(record);
  }

  @FieldResolver(() => PlatformUser, {
    nullable: true,
    description: 'The platform user the account was linked to.',
  })
  platformUser(@Ctx() { loaders }: ApiContext, @Root() { platformUserId }: AuditRecord) {
    return platformUserId === null ? undefined : loaders.platformUsers.load(platformUserId);
  }

  @FieldResolver(() => [DiscordRole], {
    description:
      'Roles that the connector added. The last reading before the write did not show them.',
  })
  added(@Ctx() { loaders }: ApiContext, @Root() record: AuditRecord) {
    return loadRoles(loaders, record.clientId, record.added);
  }

  @FieldResolver(() => [DiscordRole], {
    description: 'Roles that the connector removed. The last reading before the write showed them.',
  })
  removed(@Ctx() { loaders }: ApiContext, @Root() record: AuditRecord) {
    return loadRoles(loaders, record.clientId, record.removed);
  }

  @FieldResolver(() => EnsuredRoles, {
    description:
      'Roles that the connector wrote without knowing of a difference; they are not in `added` or `removed`. Empty while the record is open.',
  })
  async ensured(@Ctx() { loaders }: ApiContext, @Root() { clientId, ensured }: AuditRecord) {
    const [added, removed] = await Promise.all([
      loadRoles(loaders, clientId, ensured.added),
      loadRoles(loaders, clientId, ensured.removed),
    ]);
    return { added, removed };
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles that the plan added.' })
  plannedAdded(@Ctx() { loaders }: ApiContext, @Root() record: AuditRecord) {
    return loadRoles(loaders, record.clientId, record.plannedAdded);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles that the plan removed.' })
  plannedRemoved(@Ctx() { loaders }: ApiContext, @Root() record: AuditRecord) {
    return loadRoles(loaders, record.clientId, record.plannedRemoved);
  }
}

@InputType({ description: 'Filters for audit records. Filters are combined with AND.' })
class AuditRecordFilter {
  @Field(() => ID, { nullable: true, description: 'Only records of this client.' })
  readonly clientId?: string | null;

  @Field(() => Snowflake, { nullable: true, description: 'Only records of this Discord account.' })
  readonly discordUserId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only records of this platform user.' })
  readonly platformUserId?: string | null;

  @Field(() => [OutcomeEnum], {
    nullable: true,
    description: 'Only records with one of these outcomes.',
  })
  readonly outcomes?: readonly Outcome[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Only records whose plan contains this role.',
  })
  readonly roleId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Only records opened at or after this time.',
  })
  readonly openedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only records opened before this time.' })
  readonly openedBefore?: Date | null;
}

@Resolver(() => AuditCause)
export class AuditCauseResolver {
  @FieldResolver(() => ID, {
    nullable: true,
    description: 'Trace id of the reconcile in the tracing backend. Null if it was not traced.',
  })
  traceId(@Root() { traceparent }: AuditCause): string | null {
    return traceIdOf(traceparent);
  }
}

function withinLimit(context: ApiContext, filter: AuditFilter): AuditFilter {
  if (filter.clientId !== undefined)
    requireClientAccess(context, filter.clientId, 'filter.clientId');
  const { clientIds } = requireCaller(context);
  return clientIds === null ? filter : { ...filter, clientIds };
}
