import type { GraphQLResolveInfo } from 'graphql';

import { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { PlatformGroup, PlatformUser } from '../facts/platform.types.js';
import { checkOwnId, checkPlatformId } from '../kit/checks.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
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
import { askOfClient } from '../kit/find.js';
import { loadRoles } from '../kit/loaders.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { OrPromise } from '../kit/rows.js';
import { Dispute } from './dispute.types.js';
import { DiscordUser, DiscordUserConnection, MembershipRequest } from './discord-user.types.js';
import { DiscordUserFilter, toLinkFilter } from './link.input.js';
import type { LinkReads } from './ports.js';
import { loadWholeLink, readAhead, selects } from './read-ahead.js';

@Resolver(() => DiscordUser)
export class DiscordUserResolver {
  constructor(
    private readonly read: Pick<LinkReads, 'pageLinks' | 'countLinks' | 'findLinkByPlatformUser'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => DiscordUserConnection, { description: 'Links of a client, oldest first.' })
  async discordUsers(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
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
    const count = () => this.read.countLinks(read.list.clientId, links);
    return toConnection({ ...read, count });
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
      "A platform user's link at a client: the active link, otherwise the ending one. Null if there is none.",
  })
  async discordUserByPlatformId(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
    @Arg('platformUserId', () => ID, {
      description: "The platform user's id, issued by the platform.",
    })
    platformUserId: string,
  ): Promise<DiscordUser | undefined> {
    return askOfClient(context, clientId, async (id) =>
      this.read.findLinkByPlatformUser(id, checkPlatformId(platformUserId, 'platformUserId')),
    );
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() { loaders }: ApiContext, @Root() { clientId }: DiscordUser) {
    return loaders.clients.load(clientId);
  }

  @FieldResolver(() => PlatformUser, { description: 'The platform user.' })
  platformUser(@Ctx() { loaders }: ApiContext, @Root() { platformUserId }: DiscordUser) {
    return loaders.platformUsers.load(platformUserId);
  }

  @FieldResolver(() => [DiscordRole], {
    description:
      'All roles the member was last observed with, including foreign ones. Empty before the first reading.',
  })
  roles(@Ctx() { loaders }: ApiContext, @Root() { clientId, roleIds }: DiscordUser) {
    return loadRoles(loaders, clientId, roleIds);
  }

  @FieldResolver(() => [MembershipRequest], {
    description:
      'Membership changes that were requested from the platform, because Discord has authority, and that it has not confirmed yet; oldest first.',
  })
  requests(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordUser) {
    return loaders.requestsOfLink.load(id);
  }

  @FieldResolver(() => Dispute, {
    nullable: true,
    description:
      'Who keeps changing a role of the member back. Of several disputes, the oldest one about reversals. Null if there is none.',
  })
  dispute(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordUser) {
    return loaders.disputeOfLink.load(id);
  }
}

@Resolver(() => Dispute)
export class DisputeResolver {
  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  role(@Ctx() { loaders }: ApiContext, @Root() dispute: Dispute): OrPromise<DiscordRole> {
    return loaders.roles.load(dispute);
  }
}

@Resolver(() => MembershipRequest)
export class MembershipRequestResolver {
  @FieldResolver(() => PlatformGroup, {
    nullable: true,
    description: 'The group whose membership would change.',
  })
  group(@Ctx() { loaders }: ApiContext, @Root() { groupId }: MembershipRequest) {
    return loaders.platformGroups.load(groupId);
  }

  @FieldResolver(() => DiscordRole, {
    description: 'The role whose holders should be the members of the group (authority DISCORD).',
  })
  role(@Ctx() { loaders }: ApiContext, @Root() request: MembershipRequest): OrPromise<DiscordRole> {
    return loaders.roles.load(request);
  }
}
