import { InputError } from '../../lib/errors.js';
import { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { RoleKey } from '../clients/ports.js';
import type { ApiContext } from '../context.js';
import { PlatformGroup } from '../facts/platform.types.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { askOfClient } from '../kit/find.js';
import { toConnection, toPage } from '../kit/paging.js';
import { whenHere, type OrPromise } from '../kit/rows.js';
import { Snowflake } from '../kit/scalars.js';
import type { UnlinkedPort } from './ports.js';
import {
  RoleMapping,
  UnlinkedHolderConnection,
  type UnlinkedHolder,
} from './role-mapping.types.js';

@Resolver(() => RoleMapping)
export class RoleMappingResolver {
  constructor(
    private readonly read: Pick<UnlinkedPort, 'pageUnlinkedHolders' | 'countUnlinkedHolders'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => [RoleMapping], { description: 'The mappings of a client, active and retired.' })
  async roleMappings(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
  ): Promise<readonly RoleMapping[]> {
    return askOfClient(context, clientId, async (id) => context.loaders.mappingsOfClient.load(id));
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(
    @Ctx() { loaders }: ApiContext,
    @Root() { clientId }: RoleMapping,
  ): OrPromise<DiscordClient | undefined> {
    return loaders.clients.load(clientId);
  }

  @FieldResolver(() => PlatformGroup, { description: 'The group.' })
  group(
    @Ctx() { loaders }: ApiContext,
    @Root() { groupId }: RoleMapping,
  ): OrPromise<PlatformGroup | undefined> {
    return loaders.platformGroups.load(groupId);
  }

  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  role(@Ctx() { loaders }: ApiContext, @Root() mapping: RoleMapping): OrPromise<DiscordRole> {
    return loaders.roles.load(mapping);
  }

  @Authorized('discord:read')
  @Query(() => UnlinkedHolderConnection, {
    description:
      'Accounts that hold a mapped role and have no link, as the last complete member list showed them; ordered by account id. Nothing is ever done to them. Throws NOT_FOUND when no mapping names the role.',
  })
  async unlinkedHolders(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
    @Arg('roleId', () => Snowflake, { description: 'A mapped role.' }) roleId: string,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<UnlinkedHolder>> {
    const { mapped, rows, page, list } = await askOfClient(context, clientId, async (id) =>
      this.readPage(context, { clientId: id, roleId }, asked),
    );
    if (!mapped.some((role) => role.roleId === roleId))
      throw new InputError('NOT_FOUND', `No mapping names role ${roleId}.`, 'roleId');
    const count = () => this.read.countUnlinkedHolders(list);
    return toConnection({ rows, page, list, count });
  }

  private async readPage({ loaders }: ApiContext, role: RoleKey, asked: PageArgs) {
    const list = { name: 'unlinkedHolders', ...role } as const;
    const page = toPage(asked, list);
    const [mapped, rows] = await Promise.all([
      loaders.unlinkedRolesOfClient.load(role.clientId),
      this.read.pageUnlinkedHolders(role, page),
    ]);
    return { mapped, rows, page, list };
  }

  @FieldResolver(() => Int, {
    name: 'unlinkedHolders',
    nullable: true,
    description:
      'Accounts that hold the role and have no link, as the last sweep counted them; `unlinkedHolders(clientId, roleId)` lists them. Null: no sweep has counted them since the role was mapped.',
  })
  unlinkedHolderCount(
    @Ctx() { loaders }: ApiContext,
    @Root() { clientId, roleId }: RoleMapping,
  ): OrPromise<number | null> {
    return whenHere(
      loaders.unlinkedRolesOfClient.load(clientId),
      (roles) => roles.find((role) => role.roleId === roleId)?.holders ?? null,
    );
  }
}
