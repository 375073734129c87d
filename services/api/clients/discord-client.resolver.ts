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
import type { ClientPort } from '../ports.js';
import { DiscordClient } from './discord-client.types.js';
import { DiscordRole, toDiscordRole } from './discord-role.types.js';
import { RoleMapping, toRoleMapping } from '../mappings/role-mapping.types.js';
import { presentClient } from '../kit/load.js';

@Resolver(() => DiscordClient)
export class DiscordClientResolver {
  constructor(private readonly clients: Pick<ClientPort, 'listClients'>) {}

  @Authorized('discord:read')
  @Query(() => [DiscordClient], { description: 'All clients the caller has access to.' })
  async discordClients(@Ctx() context: ApiContext): Promise<DiscordClient[]> {
    const views = await this.clients.listClients();
    for (const view of views) context.loaders.clients.keep(view.id, view);
    return views
      .filter((view) => mayTouch(context, view.id))
      .map((view) => presentClient(context, view));
  }

  @Authorized('discord:read')
  @Query(() => DiscordClient, {
    nullable: true,
    description: 'One client. Null if the id is unknown.',
  })
  async discordClient(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The client's id." }) id: string,
  ): Promise<DiscordClient | null> {
    const view = await context.loaders.clients.load(checkOwnId(id, 'id'));
    if (!view || !mayTouch(context, view.id)) return null;
    return presentClient(context, view);
  }

  @FieldResolver(() => [DiscordRole], { description: 'The roles of its guild, as last read.' })
  async roles(@Ctx() context: ApiContext, @Root() client: DiscordClient): Promise<DiscordRole[]> {
    const views = await context.loaders.rolesOfClient.load(client.id);
    return views.map((view) => toDiscordRole(view, view));
  }

  @FieldResolver(() => [RoleMapping], { description: 'Its mappings, active and retired.' })
  async mappings(
    @Ctx() context: ApiContext,
    @Root() client: DiscordClient,
  ): Promise<RoleMapping[]> {
    const views = await context.loaders.mappingsOfClient.load(client.id);
    return views.map(toRoleMapping);
  }
}
