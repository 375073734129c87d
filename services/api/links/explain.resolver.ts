import { mayTouch } from '../access/access.js';
import { DiscordRole } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { PlatformGroup } from '../facts/platform.types.js';
import { checkOwnId } from '../kit/checks.js';
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
import { loadRoles } from '../kit/loaders.js';
import type { OrPromise } from '../kit/rows.js';
import { Snowflake } from '../kit/scalars.js';
import { RoleMapping } from '../mappings/role-mapping.types.js';
import { DiscordUser } from './discord-user.types.js';
import {
  BlockedRoleType,
  ExplainedMapping,
  MemberPlanType,
  PlannedRequest,
  RoleExplanationType,
} from './explain.types.js';
import type { LinkPort } from './ports.js';

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
  discordUser(@Ctx() { loaders }: ApiContext, @Root() { linkId }: RoleExplanationType) {
    return loaders.links.load(linkId);
  }
}

@Resolver(() => ExplainedMapping)
export class ExplainedMappingResolver {
  @FieldResolver(() => RoleMapping, {
    nullable: true,
    description: 'The mapping. Null if it has just been removed.',
  })
  mapping(@Ctx() { loaders }: ApiContext, @Root() { mappingId }: ExplainedMapping) {
    return loaders.mappings.load(mappingId);
  }

  @FieldResolver(() => PlatformGroup, { nullable: true, description: 'The mapped group.' })
  group(@Ctx() { loaders }: ApiContext, @Root() { groupId }: ExplainedMapping) {
    return loaders.platformGroups.load(groupId);
  }
}

@Resolver(() => MemberPlanType)
export class MemberPlanResolver {
  constructor(private readonly links: Pick<LinkPort, 'memberPlan'>) {}

  @Authorized('discord:read')
  @Query(() => MemberPlanType, {
    nullable: true,
    description: 'What the next reconcile would change. Null if the link is unknown.',
  })
  async memberPlan(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The id of a `DiscordUser`.' }) id: string,
  ): Promise<MemberPlanType | null> {
    const link = await context.loaders.links.load(checkOwnId(id, 'id'));
    if (!link || !mayTouch(context, link.clientId)) return null;
    const plan = await this.links.memberPlan(link.id);
    return { ...plan, clientId: link.clientId, linkId: link.id };
  }

  @FieldResolver(() => DiscordUser, { nullable: true, description: 'The link.' })
  discordUser(@Ctx() { loaders }: ApiContext, @Root() { linkId }: MemberPlanType) {
    return loaders.links.load(linkId);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to add.' })
  add(@Ctx() { loaders }: ApiContext, @Root() plan: MemberPlanType) {
    return loadRoles(loaders, plan.clientId, plan.add);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove.' })
  remove(@Ctx() { loaders }: ApiContext, @Root() plan: MemberPlanType) {
    return loadRoles(loaders, plan.clientId, plan.remove);
  }

  @FieldResolver(() => [DiscordRole], {
    description:
      "Roles to grant once the member has accepted the server's rules (Discord's membership screening), or once the member's time-out ends.",
  })
  waiting(@Ctx() { loaders }: ApiContext, @Root() plan: MemberPlanType) {
    return loadRoles(loaders, plan.clientId, plan.waiting);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove that the guard would hold.' })
  held(@Ctx() { loaders }: ApiContext, @Root() plan: MemberPlanType) {
    return loadRoles(loaders, plan.clientId, plan.held);
  }

  @FieldResolver(() => [DiscordRole], {
    description: 'Mapped roles that stay because a mapped group is unknown for this person.',
  })
  unknown(@Ctx() { loaders }: ApiContext, @Root() plan: MemberPlanType) {
    return loadRoles(loaders, plan.clientId, plan.unknown);
  }

  @FieldResolver(() => [PlannedRequest], {
    description:
      'Membership changes that would be requested from the platform, because Discord has authority.',
  })
  requests(@Root() { clientId, requests }: MemberPlanType): PlannedRequest[] {
    return requests.map((request) => ({ clientId, ...request }));
  }

  @FieldResolver(() => [BlockedRoleType], {
    description: 'Roles that the plan would change but the bot cannot change.',
  })
  blocked(@Root() { clientId, blocked }: MemberPlanType): BlockedRoleType[] {
    return blocked.map((role) => ({ clientId, ...role }));
  }
}

@Resolver(() => BlockedRoleType)
export class BlockedRoleResolver {
  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  role(@Ctx() { loaders }: ApiContext, @Root() blocked: BlockedRoleType): OrPromise<DiscordRole> {
    return loaders.roles.load(blocked);
  }
}

@Resolver(() => PlannedRequest)
export class PlannedRequestResolver {
  @FieldResolver(() => PlatformGroup, {
    nullable: true,
    description: 'The group whose membership would change.',
  })
  group(@Ctx() { loaders }: ApiContext, @Root() { groupId }: PlannedRequest) {
    return loaders.platformGroups.load(groupId);
  }

  @FieldResolver(() => DiscordRole, {
    description: 'The role whose holders should be the members of the group (authority DISCORD).',
  })
  role(@Ctx() { loaders }: ApiContext, @Root() request: PlannedRequest): OrPromise<DiscordRole> {
    return loaders.roles.load(request);
  }
}
