import { mayTouch } from '../access/access.js';
import type { ApiContext } from '../context.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { checkPlatformId, checkInputText } from '../kit/checks.js';
import { PageArgs } from '../kit/page.args.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { ReadPort } from '../ports.js';
import { whenHere, type OrPromise } from '../kit/rows.js';
import type { ConnectionOf } from '../kit/connection.types.js';
import { DiscordUser, toDiscordUser } from '../links/discord-user.types.js';
import {
  PlatformGroup,
  PlatformGroupConnection,
  PlatformUser,
  toPlatformGroup,
  toPlatformUser,
} from './platform.types.js';

@Resolver(() => PlatformUser)
export class PlatformResolver {
  constructor(
    private readonly read: Pick<ReadPort, 'pagePlatformGroups' | 'countPlatformGroups'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => PlatformUser, {
    nullable: true,
    description: 'One platform user. Null if the id was never reported.',
  })
  async platformUser(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The user's id, issued by the platform." })
    id: string,
  ): Promise<PlatformUser | null> {
    const view = await context.loaders.platformUsers.load(checkPlatformId(id, 'id'));
    return view ? toPlatformUser(view) : null;
  }

  @Authorized('discord:read')
  @Query(() => PlatformGroupConnection, {
    description: 'Groups of the platform, by id. Deleted groups are left out.',
  })
  async platformGroups(
    @Arg('search', () => String, {
      nullable: true,
      description: 'Part of the name or id; case-insensitive.',
    })
    search: string | null = null,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<PlatformGroup>> {
    const list = { name: 'platformGroups' } as const;
    const page = toPage(asked, list);
    const text =
      search === null || search === '' ? null : checkInputText(search, 'search', 255).trim();
    return toConnection({
      rows: await this.read.pagePlatformGroups(text, page),
      page,
      list,
      toNode: toPlatformGroup,
      count: () => this.read.countPlatformGroups(text),
    });
  }

  @FieldResolver(() => [PlatformGroup], { description: 'The groups the user is in now.' })
  groups(@Ctx() context: ApiContext, @Root() user: PlatformUser): OrPromise<PlatformGroup[]> {
    const { groupsOfPlatformUser } = context.loaders;
    return whenHere(groupsOfPlatformUser.load(user.id), (views) => views.map(toPlatformGroup));
  }

  @FieldResolver(() => [DiscordUser], {
    description: "The user's links at the clients the caller has access to.",
  })
  async discordUsers(
    @Ctx() context: ApiContext,
    @Root() user: PlatformUser,
  ): Promise<DiscordUser[]> {
    const views = await context.loaders.linksOfPlatformUser.load(user.id);
    return views.filter((view) => mayTouch(context, view.clientId)).map(toDiscordUser);
  }
}
