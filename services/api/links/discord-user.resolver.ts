import type { GraphQLResolveInfo } from 'graphql';

import type { ApiContext } from '../context.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { checkOwnId, checkPlatformId } from '../kit/checks.js';
import { DiscordUserFilter, toLinkFilter } from '../kit/filter.input.js';
import { PageArgs } from '../kit/page.args.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { ReadPort } from '../ports.js';
import { whenHere, type OrPromise } from '../kit/rows.js';
import { selects } from '../kit/selection.js';
import { DiscordClient } from '../clients/discord-client.types.js';
import { DiscordRole } from '../clients/discord-role.types.js';
import { DiscordUser, DiscordUserConnection, toDiscordUser } from './discord-user.types.js';
import { PlatformUser, toPlatformUser } from '../facts/platform.types.js';
import type { ConnectionOf } from '../kit/connection.types.js';
import { askOfClient } from '../kit/find.js';
import { loadClient, loadRoles, loadWholeLink, readAhead } from '../kit/load.js';

@Resolver(() => DiscordUser)
export class DiscordUserResolver {
  constructor(
    private readonly read: Pick<ReadPort, 'pageLinks' | 'countLinks' | 'findLinkByPlatformUser'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => DiscordUserConnection, { description: 'Links of a client, oldest first.' })
  async discordUsers(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
    @Arg('filter', () => DiscordUserFilter, { nullable: true, description: 'Omitted: all links.' })
    filter: DiscordUserFilter | null = null,
    @Args(() => PageArgs) asked: PageArgs,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ConnectionOf<DiscordUser>> {
    const links = toLinkFilter(filter);
    const read = await askOfClient(context, clientId, async (id) => {
      const list = { name: 'discordUsers', clientId: id } as const;
      const page = toPage(asked, list);
      return { list, page, rows: await this.read.pageLinks(id, links, page) };
    });
    await readAhead(
      context,
      read.rows.rows,
      (...path) => selects(info, ['nodes', ...path]) || selects(info, ['edges', 'node', ...path]),
    );
    return toConnection({
      ...read,
      toNode: toDiscordUser,
      count: () => this.read.countLinks(read.list.clientId, links),
    });
  }

  @Authorized('discord:read')
  @Query(() => DiscordUser, { nullable: true, description: 'One link. Null if the id is unknown.' })
  discordUser(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The link's id." }) id: string,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DiscordUser | null> {
    return loadWholeLink(context, checkOwnId(id, 'id'), (...path) => selects(info, path));
  }

  @Authorized('discord:read')
  @Query(() => DiscordUser, {
    nullable: true,
    description:
      'The link of a platform user at a client, active before ending. Null if there is none.',
  })
  async discordUserByPlatformId(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
    @Arg('platformUserId', () => ID, {
      description: "The platform user's id, issued by the platform.",
    })
    platformUserId: string,
  ): Promise<DiscordUser | null> {
    const view = await askOfClient(context, clientId, async (id) =>
      this.read.findLinkByPlatformUser(id, checkPlatformId(platformUserId, 'platformUserId')),
    );
    return view ? toDiscordUser(view) : null;
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() context: ApiContext, @Root() user: DiscordUser): OrPromise<DiscordClient | null> {
    return loadClient(context, user.clientId);
  }

  @FieldResolver(() => PlatformUser, { description: 'The platform user.' })
  platformUser(
    @Ctx() context: ApiContext,
    @Root() user: DiscordUser,
  ): OrPromise<PlatformUser | null> {
    const { platformUsers } = context.loaders;
    return whenHere(platformUsers.load(user.platformUserId), (view) =>
      view ? toPlatformUser(view) : null,
    );
  }

  @FieldResolver(() => [DiscordRole], {
    description:
      'All roles the member was last observed with, including foreign ones. Empty before the first reading.',
  })
  roles(@Ctx() context: ApiContext, @Root() user: DiscordUser): OrPromise<DiscordRole[]> {
    return loadRoles(context, user.clientId, user.roleIds);
  }
}
