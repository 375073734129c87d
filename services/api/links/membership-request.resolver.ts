import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Resolver, Root } from '../kit/decorators.js';
import { DiscordRole, toDiscordRole } from '../clients/discord-role.types.js';
import { PlannedRequest } from './member-plan.types.js';
import { MembershipRequest, toMembershipRequest } from './membership-request.types.js';
import { DiscordUser } from './discord-user.types.js';
import { PlatformGroup, toPlatformGroup } from '../facts/platform.types.js';

@Resolver(() => DiscordUser)
export class RequestsOfUserResolver {
  @FieldResolver(() => [MembershipRequest], {
    description:
      'Membership changes requested from the platform where Discord has authority, and not yet confirmed; oldest first.',
  })
  async requests(
    @Ctx() context: ApiContext,
    @Root() user: DiscordUser,
  ): Promise<MembershipRequest[]> {
    const views = await context.loaders.requestsOfLink.load(user.id);
    return views.map(toMembershipRequest);
  }
}

@Resolver(() => PlannedRequest)
export class PlannedRequestResolver {
  @FieldResolver(() => PlatformGroup, {
    nullable: true,
    description: 'The group whose membership would change.',
  })
  group(
    @Ctx() context: ApiContext,
    @Root() request: PlannedRequest,
  ): Promise<PlatformGroup | null> {
    return groupOf(context, request);
  }

  @FieldResolver(() => DiscordRole, { description: 'The role the group follows.' })
  role(@Ctx() context: ApiContext, @Root() request: PlannedRequest): Promise<DiscordRole> {
    return roleOf(context, request);
  }
}

@Resolver(() => MembershipRequest)
export class MembershipRequestResolver {
  @FieldResolver(() => PlatformGroup, {
    nullable: true,
    description: 'The group whose membership would change.',
  })
  group(
    @Ctx() context: ApiContext,
    @Root() request: MembershipRequest,
  ): Promise<PlatformGroup | null> {
    return groupOf(context, request);
  }

  @FieldResolver(() => DiscordRole, { description: 'The role the group follows.' })
  role(@Ctx() context: ApiContext, @Root() request: MembershipRequest): Promise<DiscordRole> {
    return roleOf(context, request);
  }
}

async function groupOf(
  context: ApiContext,
  { groupId }: { readonly groupId: string },
): Promise<PlatformGroup | null> {
  const view = await context.loaders.platformGroups.load(groupId);
  return view ? toPlatformGroup(view) : null;
}

async function roleOf(
  context: ApiContext,
  { clientId, roleId }: { readonly clientId: string; readonly roleId: string },
): Promise<DiscordRole> {
  const key = { clientId, roleId };
  return toDiscordRole(key, await context.loaders.roles.load(key));
}
