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
import type { LinkPort } from '../ports.js';
import { Snowflake } from '../kit/scalars.js';
import { DiscordUser, toDiscordUser } from './discord-user.types.js';
import { PlatformGroup, toPlatformGroup } from '../facts/platform.types.js';
import {
  ExplainedMapping,
  RoleExplanationType,
  toRoleExplanation,
} from './role-explanation.types.js';
import { RoleMapping, toRoleMapping } from '../mappings/role-mapping.types.js';
import { requireLink } from '../kit/find.js';

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
    @Arg('id', () => ID, { description: 'The id of a `DiscordUser`.' })
    id: string,
    @Arg('roleId', () => Snowflake, { description: "The role's Discord id." })
    roleId: string,
  ): Promise<RoleExplanationType> {
    const link = await requireLink(context, id, 'id');
    const view = await this.links.explainRole({ id: link.id, roleId });
    return toRoleExplanation(link.id, view);
  }

  @FieldResolver(() => DiscordUser, { nullable: true, description: 'The link.' })
  async discordUser(
    @Ctx() context: ApiContext,
    @Root() { linkId }: RoleExplanationType,
  ): Promise<DiscordUser | null> {
    const view = await context.loaders.links.load(linkId);
    return view ? toDiscordUser(view) : null;
  }
}

@Resolver(() => ExplainedMapping)
export class ExplainedMappingResolver {
  @FieldResolver(() => RoleMapping, {
    nullable: true,
    description: 'The mapping. Null if it has just been removed.',
  })
  async mapping(
    @Ctx() context: ApiContext,
    @Root() { mappingId }: ExplainedMapping,
  ): Promise<RoleMapping | null> {
    const view = await context.loaders.mappings.load(mappingId);
    return view ? toRoleMapping(view) : null;
  }

  @FieldResolver(() => PlatformGroup, { nullable: true, description: 'The mapped group.' })
  async group(
    @Ctx() context: ApiContext,
    @Root() { groupId }: ExplainedMapping,
  ): Promise<PlatformGroup | null> {
    const view = await context.loaders.platformGroups.load(groupId);
    return view ? toPlatformGroup(view) : null;
  }
}
