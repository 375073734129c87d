import type { ApiContext } from '../context.js';
import {
  Arg,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { DiscordClient } from '../clients/discord-client.types.js';
import { DiscordRole, toDiscordRole } from '../clients/discord-role.types.js';
import { PlatformGroup, toPlatformGroup } from '../facts/platform.types.js';
import { RoleMapping, toRoleMapping } from './role-mapping.types.js';
import type { OrPromise } from '../kit/rows.js';
import { askOfClient } from '../kit/find.js';
import { loadClient } from '../kit/load.js';

@Resolver(() => RoleMapping)
export class RoleMappingResolver {
  @Authorized('discord:read')
  @Query(() => [RoleMapping], { description: 'The mappings of a client, active and retired.' })
  async roleMappings(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
  ): Promise<RoleMapping[]> {
    const views = await askOfClient(context, clientId, async (id) =>
      context.loaders.mappingsOfClient.load(id),
    );
    return views.map(toRoleMapping);
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(
    @Ctx() context: ApiContext,
    @Root() mapping: RoleMapping,
  ): OrPromise<DiscordClient | null> {
    return loadClient(context, mapping.clientId);
  }

  @FieldResolver(() => PlatformGroup, { description: 'The group.' })
  async group(
    @Ctx() context: ApiContext,
    @Root() mapping: RoleMapping,
  ): Promise<PlatformGroup | null> {
    const view = await context.loaders.platformGroups.load(mapping.groupId);
    return view ? toPlatformGroup(view) : null;
  }

  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  async role(@Ctx() context: ApiContext, @Root() mapping: RoleMapping): Promise<DiscordRole> {
    const key = { clientId: mapping.clientId, roleId: mapping.roleId };
    return toDiscordRole(key, await context.loaders.roles.load(key));
  }
}
