import { requireCaller, requireClientAccess } from '../access/access.js';
import type { ApiContext } from '../context.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { AuditRecordFilter, toAuditFilter } from '../kit/filter.input.js';
import { PageArgs } from '../kit/page.args.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { ReadPort } from '../ports.js';
import {
  AuditRecord,
  AuditRecordConnection,
  EnsuredRoles,
  toAuditRecord,
} from './audit-record.types.js';
import type { ConnectionOf } from '../kit/connection.types.js';
import { DiscordClient } from '../clients/discord-client.types.js';
import { DiscordRole } from '../clients/discord-role.types.js';
import { DiscordUser, toDiscordUser } from '../links/discord-user.types.js';
import { PlatformUser, toPlatformUser } from '../facts/platform.types.js';
import type { AuditFilter } from '../kit/views.js';
import type { OrPromise } from '../kit/rows.js';
import { loadClient, loadRoles } from '../kit/load.js';

@Resolver(() => AuditRecord)
export class AuditRecordResolver {
  constructor(private readonly read: Pick<ReadPort, 'pageAuditRecords' | 'countAuditRecords'>) {}

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
      toNode: toAuditRecord,
      count: () => this.read.countAuditRecords(records),
    });
  }

  @FieldResolver(() => DiscordClient, {
    nullable: true,
    description: 'The client. Null if it has been deleted.',
  })
  client(@Ctx() context: ApiContext, @Root() record: AuditRecord): OrPromise<DiscordClient | null> {
    return loadClient(context, record.clientId);
  }

  @FieldResolver(() => DiscordUser, {
    nullable: true,
    description: "The account's current link. Null if it has none.",
  })
  async discordUser(
    @Ctx() context: ApiContext,
    @Root() { clientId, discordUserId }: AuditRecord,
  ): Promise<DiscordUser | null> {
    const key = { clientId, discordUserId };
    const view = await context.loaders.linksByMember.load(key);
    return view ? toDiscordUser(view) : null;
  }

  @FieldResolver(() => PlatformUser, {
    nullable: true,
    description: 'The platform user the account was linked to.',
  })
  async platformUser(
    @Ctx() context: ApiContext,
    @Root() record: AuditRecord,
  ): Promise<PlatformUser | null> {
    if (record.platformUserId === null) return null;
    const { platformUsers } = context.loaders;
    const view = await platformUsers.load(record.platformUserId);
    return view ? toPlatformUser(view) : null;
  }

  @FieldResolver(() => [DiscordRole], {
    description: 'Roles that were added: the last reading before the write did not show them.',
  })
  added(@Ctx() context: ApiContext, @Root() record: AuditRecord): OrPromise<DiscordRole[]> {
    return loadRoles(context, record.clientId, record.addedIds);
  }

  @FieldResolver(() => [DiscordRole], {
    description: 'Roles that were removed: the last reading before the write showed them.',
  })
  removed(@Ctx() context: ApiContext, @Root() record: AuditRecord): OrPromise<DiscordRole[]> {
    return loadRoles(context, record.clientId, record.removedIds);
  }

  @FieldResolver(() => EnsuredRoles, {
    description:
      'Roles that were written again to be sure; not in `added` or `removed`. Empty while the record is open.',
  })
  async ensured(
    @Ctx() context: ApiContext,
    @Root() { clientId, ensuredIds }: AuditRecord,
  ): Promise<EnsuredRoles> {
    const [added, removed] = await Promise.all([
      loadRoles(context, clientId, ensuredIds.added),
      loadRoles(context, clientId, ensuredIds.removed),
    ]);
    return { added, removed };
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles that the plan was going to add.' })
  plannedAdded(@Ctx() context: ApiContext, @Root() record: AuditRecord): OrPromise<DiscordRole[]> {
    return loadRoles(context, record.clientId, record.plannedAddedIds);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles that the plan was going to remove.' })
  plannedRemoved(
    @Ctx() context: ApiContext,
    @Root() record: AuditRecord,
  ): OrPromise<DiscordRole[]> {
    return loadRoles(context, record.clientId, record.plannedRemovedIds);
  }
}

function withinLimit(context: ApiContext, filter: AuditFilter): AuditFilter {
  if (filter.clientId !== undefined)
    requireClientAccess(context, filter.clientId, 'filter.clientId');
  const { clientIds } = requireCaller(context);
  return clientIds === null ? filter : { ...filter, clientIds };
}
