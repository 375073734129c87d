import { mayTouch } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { checkInputText, checkPlatformId } from '../kit/checks.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
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
import { toConnection, toPage } from '../kit/paging.js';
import type { OrPromise } from '../kit/rows.js';
import { DiscordUser } from '../links/discord-user.types.js';
import { PlatformGroup, PlatformGroupConnection, PlatformUser } from './platform.types.js';
import type { PlatformReads } from './ports.js';

@Resolver(() => PlatformUser)
export class PlatformResolver {
  constructor(
    private readonly read: Pick<PlatformReads, 'pagePlatformGroups' | 'countPlatformGroups'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => PlatformUser, {
    nullable: true,
    description: 'One platform user. Null if the id was never reported.',
  })
  platformUser(
    @Ctx() { loaders }: ApiContext,
    @Arg('id', () => ID, { description: "The user's id, issued by the platform." }) id: string,
  ): OrPromise<PlatformUser | undefined> {
    return loaders.platformUsers.load(checkPlatformId(id, 'id'));
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
      count: () => this.read.countPlatformGroups(text),
    });
  }

  @FieldResolver(() => [PlatformGroup], { description: 'The groups the user is in now.' })
  groups(
    @Ctx() { loaders }: ApiContext,
    @Root() { id }: PlatformUser,
  ): OrPromise<readonly PlatformGroup[]> {
    return loaders.groupsOfPlatformUser.load(id);
  }

  @FieldResolver(() => [DiscordUser], {
    description: "The user's links at the clients the caller has access to.",
  })
  async discordUsers(
    @Ctx() context: ApiContext,
    @Root() user: PlatformUser,
  ): Promise<DiscordUser[]> {
    const links = await context.loaders.linksOfPlatformUser.load(user.id);
    return links.filter(({ clientId }) => mayTouch(context, clientId));
  }
}
