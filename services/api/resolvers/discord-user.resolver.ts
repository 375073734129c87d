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
} from '../decorators.js';
import { checkOwnId, checkPlatformId } from '../inputs/checks.js';
import { DiscordUserFilter, toLinkFilter } from '../inputs/filter.input.js';
import { PageArgs } from '../inputs/page.args.js';
import { toConnection, toPage } from '../paging.js';
import type { ReadPort } from '../ports.js';
import { whenHere, type OrPromise } from '../rows.js';
import { selects } from '../selection.js';
import { DiscordClient } from '../types/discord-client.types.js';
import { DiscordRole } from '../types/discord-role.types.js';
import {
  DiscordUser,
  DiscordUserConnection,
  toDiscordUser,
} from '../types/discord-user.types.js';
import { PlatformUser, toPlatformUser } from '../types/platform.types.js';
import type { ConnectionOf } from '../types/connection.types.js';
import { askOfClient } from './find.js';
import { loadClient, loadRoles, loadWholeLink, readAhead } from './load.js';

@Resolver(() => DiscordUser)
export class DiscordUserResolver {
  constructor(
    private readonly read: Pick<
      ReadPort,
      'pageLinks' | 'countLinks' | 'findLinkByPlatformUser'
    >,
  ) {}

  @Authorized('discord:read')
  @Query(() => DiscordUserConnection, {
    description: 'Links of a client, oldest first.',
  })
  async discordUsers(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
    @Arg('filter', () => DiscordUserFilter, {
      nullable: true,
      description: 'Which of them; all when left out.',
    })
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
      (...path) =>
        selects(info, ['nodes', ...path]) ||
        selects(info, ['edges', 'node', ...path]),
    );
    return toConnection({
      ...read,
      toNode: toDiscordUser,
      count: () => this.read.countLinks(read.list.clientId, links),
    });
  }

  @Authorized('discord:read')
  @Query(() => DiscordUser, {
    nullable: true,
    description: 'One link; null when there is none with this id.',
  })
  discordUser(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The link's id." }) id: string,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DiscordUser | null> {
    return loadWholeLink(context, checkOwnId(id, 'id'), (...path) =>
      selects(info, path),
    );
  }

  @Authorized('discord:read')
  @Query(() => DiscordUser, {
    nullable: true,
    description:
      "A platform user's link at a client, the active one before an ending one; null when there is none.",
  })
  async discordUserByPlatformId(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
    @Arg('platformUserId', () => ID, {
      description: "The user: the platform's id.",
    })
    platformUserId: string,
  ): Promise<DiscordUser | null> {
    const view = await askOfClient(context, clientId, async (id) =>
      this.read.findLinkByPlatformUser(
        id,
        checkPlatformId(platformUserId, 'platformUserId'),
      ),
    );
    return view ? toDiscordUser(view) : null;
  }

  @FieldResolver(() => DiscordClient, { description: 'Where it applies.' })
  client(
    @Ctx() context: ApiContext,
    @Root() user: DiscordUser,
  ): OrPromise<DiscordClient | null> {
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
      'Every role the member was last seen with, foreign ones too; empty until Discord was asked.',
  })
  roles(
    @Ctx() context: ApiContext,
    @Root() user: DiscordUser,
  ): OrPromise<DiscordRole[]> {
    return loadRoles(context, user.clientId, user.roleIds);
  }
}
