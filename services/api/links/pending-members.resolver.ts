import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Int, Resolver, Root } from '../kit/decorators.js';
import type { OrPromise } from '../kit/rows.js';
import { DiscordClient } from '../clients/discord-client.types.js';

/** Progress for a caller who sent thousands of facts at once. */
@Resolver(() => DiscordClient)
export class PendingMembersResolver {
  @FieldResolver(() => Int, {
    description:
      'Number of members waiting for a reconcile or being reconciled. Returns to 0 after a large change once all roles match. Parked members are not counted.',
  })
  pendingMembers(@Ctx() context: ApiContext, @Root() client: DiscordClient): OrPromise<number> {
    return context.loaders.pendingOfClient.load(client.id);
  }
}
