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
import { DiscordClient } from '../clients/discord-client.types.js';
import { Schedule, toSchedule } from './schedule.types.js';
import type { OrPromise } from '../kit/rows.js';
import { requireClient } from '../kit/find.js';
import { loadClient } from '../kit/load.js';

@Resolver(() => Schedule)
export class ScheduleResolver {
  @Authorized('discord:admin')
  @Query(() => [Schedule], { description: 'The schedules of a client, by kind of sweep.' })
  async schedules(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
  ): Promise<Schedule[]> {
    const client = await requireClient(context, clientId, 'clientId');
    const views = await context.loaders.schedulesOfClient.load(client.id);
    return views.map(toSchedule);
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() context: ApiContext, @Root() schedule: Schedule): OrPromise<DiscordClient | null> {
    return loadClient(context, schedule.clientId);
  }
}

@Resolver(() => DiscordClient)
export class ClientSchedulesResolver {
  // Nullable, so that a key with a lesser scope is refused this field and not the client.
  @Authorized('discord:admin')
  @FieldResolver(() => [Schedule], {
    nullable: true,
    description:
      'Its schedules, by kind of sweep. Null with an error for keys without discord:admin.',
  })
  async schedules(@Ctx() context: ApiContext, @Root() client: DiscordClient): Promise<Schedule[]> {
    const views = await context.loaders.schedulesOfClient.load(client.id);
    return views.map(toSchedule);
  }
}
