import { mayTouch } from '../access/access.js';
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
import { checkOwnId } from '../kit/checks.js';
import type { LinkPort } from '../ports.js';
import { DiscordRole, toDiscordRole } from '../clients/discord-role.types.js';
import { DiscordUser, toDiscordUser } from './discord-user.types.js';
import {
  BlockedRoleType,
  MemberPlanType,
  PlannedRequest,
  toMemberPlan,
} from './member-plan.types.js';
import type { OrPromise } from '../kit/rows.js';
import { loadRoles } from '../kit/load.js';

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
    @Arg('id', () => ID, { description: 'The id of a `DiscordUser`.' })
    id: string,
  ): Promise<MemberPlanType | null> {
    const link = await context.loaders.links.load(checkOwnId(id, 'id'));
    if (!link || !mayTouch(context, link.clientId)) return null;
    return toMemberPlan(link, await this.links.memberPlan(link.id));
  }

  @FieldResolver(() => DiscordUser, { nullable: true, description: 'The link.' })
  async discordUser(
    @Ctx() context: ApiContext,
    @Root() plan: MemberPlanType,
  ): Promise<DiscordUser | null> {
    const view = await context.loaders.links.load(plan.linkId);
    return view ? toDiscordUser(view) : null;
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to add.' })
  add(@Ctx() context: ApiContext, @Root() plan: MemberPlanType): OrPromise<DiscordRole[]> {
    return loadRoles(context, plan.clientId, plan.addIds);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove.' })
  remove(@Ctx() context: ApiContext, @Root() plan: MemberPlanType): OrPromise<DiscordRole[]> {
    return loadRoles(context, plan.clientId, plan.removeIds);
  }

  @FieldResolver(() => [DiscordRole], {
    description:
      "Roles to grant once the member has accepted the server's rules (Discord's membership screening).",
  })
  waiting(@Ctx() context: ApiContext, @Root() plan: MemberPlanType): OrPromise<DiscordRole[]> {
    return loadRoles(context, plan.clientId, plan.waitingIds);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove that the guard would hold.' })
  held(@Ctx() context: ApiContext, @Root() plan: MemberPlanType): OrPromise<DiscordRole[]> {
    return loadRoles(context, plan.clientId, plan.heldIds);
  }

  @FieldResolver(() => [DiscordRole], {
    description: 'Mapped roles that stay because a mapped group is unknown for this person.',
  })
  unknown(@Ctx() context: ApiContext, @Root() plan: MemberPlanType): OrPromise<DiscordRole[]> {
    return loadRoles(context, plan.clientId, plan.unknownIds);
  }

  @FieldResolver(() => [PlannedRequest], {
    description: 'Membership changes the platform would be asked for where Discord has authority.',
  })
  requests(@Root() plan: MemberPlanType): PlannedRequest[] {
    const { clientId } = plan;
    return plan.planned.map((request) => ({ clientId, ...request }));
  }

  @FieldResolver(() => [BlockedRoleType], {
    description: 'Roles the plan would change but the bot cannot.',
  })
  blocked(@Root() plan: MemberPlanType): BlockedRoleType[] {
    const { clientId } = plan;
    return plan.blockedRoles.map((blocked) => ({ clientId, ...blocked }));
  }
}

@Resolver(() => BlockedRoleType)
export class BlockedRoleResolver {
  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  async role(
    @Ctx() context: ApiContext,
    @Root() { clientId, roleId }: BlockedRoleType,
  ): Promise<DiscordRole> {
    const key = { clientId, roleId };
    return toDiscordRole(key, await context.loaders.roles.load(key));
  }
}
