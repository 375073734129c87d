import { heldPlansCheck } from '../client-health.js';
import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Resolver, Root } from '../decorators.js';
import { whenHere, type OrPromise } from '../rows.js';
import { ClientHealth } from '../types/client-health.types.js';
import { DiscordClient } from '../types/discord-client.types.js';

/** Health checks stored outside the client's row. Read only when a request selects `health`. */
@Resolver(() => DiscordClient)
export class ClientHealthResolver {
  @FieldResolver(() => ClientHealth, { description: 'How it stands.' })
  health(
    @Ctx() { loaders, now }: ApiContext,
    @Root() { id, health }: DiscordClient,
  ): OrPromise<ClientHealth> {
    return whenHere(loaders.heldPlansOfClient.load(id), (held) => ({
      checks: [...heldPlansCheck(id, held, now()), ...health.checks],
    }));
  }
}
