import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Resolver, Root } from '../kit/decorators.js';
import { DiscordRole } from '../clients/discord-role.types.js';
import { DiscordUser, toDiscordUser } from '../links/discord-user.types.js';
import { PlatformUser, toPlatformUser } from '../facts/platform.types.js';
import { SweepPlanMemberType } from './sweep.types.js';
import type { OrPromise } from '../kit/rows.js';
import { loadRoles } from '../kit/load.js';

@Resolver(() => SweepPlanMemberType)
export class SweepPlanMemberResolver {
  @FieldResolver(() => DiscordUser, {
    nullable: true,
    description: "The account's current link. Null if it has none.",
  })
  async discordUser(
    @Ctx() context: ApiContext,
    @Root() { clientId, discordUserId }: SweepPlanMemberType,
  ): Promise<DiscordUser | null> {
    const key = { clientId, discordUserId };
    const view = await context.loaders.linksByMember.load(key);
    return view ? toDiscordUser(view) : null;
  }

  @FieldResolver(() => PlatformUser, {
    nullable: true,
    description: 'The platform user the account is linked to.',
  })
  async platformUser(
    @Ctx() context: ApiContext,
    @Root() member: SweepPlanMemberType,
  ): Promise<PlatformUser | null> {
    if (member.platformUserId === null) return null;
    const { platformUsers } = context.loaders;
    const view = await platformUsers.load(member.platformUserId);
    return view ? toPlatformUser(view) : null;
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to add.' })
  add(@Ctx() context: ApiContext, @Root() member: SweepPlanMemberType): OrPromise<DiscordRole[]> {
    return loadRoles(context, member.clientId, member.addIds);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove.' })
  remove(
    @Ctx() context: ApiContext,
    @Root() member: SweepPlanMemberType,
  ): OrPromise<DiscordRole[]> {
    return loadRoles(context, member.clientId, member.removeIds);
  }
}
