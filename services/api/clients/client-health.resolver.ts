import { heldPlansCheck } from './client-health.js';
import type { ApiContext } from '../context.js';
import { Ctx, FieldResolver, Resolver, Root } from '../kit/decorators.js';
import { loadPeopleChecks } from '../kit/load.js';
import { ClientHealth } from './client-health.types.js';
import { DiscordClient } from './discord-client.types.js';

/** Health checks stored outside the client's row. Read only when a request selects `health`. */
@Resolver(() => DiscordClient)
export class ClientHealthResolver {
  @FieldResolver(() => ClientHealth, { description: "The client's health." })
  async health(
    @Ctx() context: ApiContext,
    @Root() { id, health }: DiscordClient,
  ): Promise<ClientHealth> {
    const [held, people] = await Promise.all([
      context.loaders.heldPlansOfClient.load(id),
      loadPeopleChecks(context, id),
    ]);
    return { checks: [...heldPlansCheck(id, held, context.now()), ...people, ...health.checks] };
  }
}
