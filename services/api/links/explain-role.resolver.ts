import type { ApiContext } from '../context.js';
import { PlatformGroup } from '../facts/platform.types.js';
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
import { requireLink } from '../kit/find.js';
import type { OrPromise } from '../kit/rows.js';
import { Snowflake } from '../kit/scalars.js';
import { RoleMapping } from '../mappings/role-mapping.types.js';
import { DiscordUser } from './discord-user.types.js';
import type { LinkPort } from './ports.js';
import { ExplainedMapping, RoleExplanationType } from './role-explanation.types.js';

@Resolver(() => RoleExplanationType)
export class ExplainRoleResolver {
  constructor(private readonly links: Pick<LinkPort, 'explainRole'>) {}

  @Authorized('discord:read')
  @Query(() => RoleExplanationType, {
    description:
      'Explains why a person has or lacks a role. Errors: NOT_FOUND for an unknown link or role.',
  })
  async explainRole(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The id of a `DiscordUser`.' }) id: string,
    @Arg('roleId', () => Snowflake, { description: "The role's Discord id." }) roleId: string,
  ): Promise<RoleExplanationType> {
    const link = await requireLink(context, id, 'id');
    return { ...(await this.links.explainRole({ id: link.id, roleId })), linkId: link.id };
  }

  @FieldResolver(() => DiscordUser, { nullable: true, description: 'The link.' })
  discordUser(
    @Ctx() { loaders }: ApiContext,
    @Root() { linkId }: RoleExplanationType,
  ): OrPromise<DiscordUser | undefined> {
    return loaders.links.load(linkId);
  }
}

@Resolver(() => ExplainedMapping)
export class ExplainedMappingResolver {
  @FieldResolver(() => RoleMapping, {
    nullable: true,
    description: 'The mapping. Null if it has just been removed.',
  })
  mapping(
    @Ctx() { loaders }: ApiContext,
    @Root() { mappingId }: ExplainedMapping,
  ): OrPromise<RoleMapping | undefined> {
    return loaders.mappings.load(mappingId);
  }

  @FieldResolver(() => PlatformGroup, { nullable: true, description: 'The mapped group.' })
  group(
    @Ctx() { loaders }: ApiContext,
    @Root() { groupId }: ExplainedMapping,
  ): OrPromise<PlatformGroup | undefined> {
    return loaders.platformGroups.load(groupId);
  }
}
