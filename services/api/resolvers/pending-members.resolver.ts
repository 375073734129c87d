import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Int, Resolver, Root } from '../decorators.js';
import type { OrPromise } from '../rows.js';
import { DiscordClient } from '../types/discord-client.types.js';

/** What a caller who told thousands of facts at once can watch. */
@Resolver(() => DiscordClient)
export class PendingMembersResolver {
  @FieldResolver(() => Int, {
    description:
      'Members that wait for the path or are in its hands. After much was told at once it goes back to 0 as their roles become what was told; who is parked waits for a person and is not counted.',
  })
  pendingMembers(
    @Ctx() context: ApiContext,
    @Root() client: DiscordClient,
  ): OrPromise<number> {
    return context.loaders.pendingOfClient.load(client.id);
  }
}
