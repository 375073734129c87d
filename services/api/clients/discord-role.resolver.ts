import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Resolver, Root } from '../kit/decorators.js';
import { DiscordRole } from './discord-role.types.js';

@Resolver(() => DiscordRole)
export class DiscordRoleResolver {
  @FieldResolver(() => Boolean, {
    description:
      'True if any mapping, active or retired, names the role. False: a foreign role, which the connector never changes.',
  })
  async isMapped(@Ctx() context: ApiContext, @Root() role: DiscordRole): Promise<boolean> {
    const mappings = await context.loaders.mappingsOfClient.load(role.clientId);
    return mappings.some((mapping) => mapping.roleId === role.id);
  }
}
