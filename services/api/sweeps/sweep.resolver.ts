import type { SweepKind, SweepState } from '../../model.js';
import { mayTouch } from '../access/access.js';
import { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { PlatformUser } from '../facts/platform.types.js';
import { checkList, checkOwnId } from '../kit/checks.js';
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
import { SweepKindEnum, SweepStateEnum } from '../kit/enums.js';
import { askOfClient, requireClient } from '../kit/find.js';
import { loadRoles } from '../kit/loaders.js';
import { toConnection, toPage } from '../kit/paging.js';
import { DiscordUser } from '../links/discord-user.types.js';
import type { SweepPort } from './ports.js';
import {
  Sweep,
  SweepConnection,
  SweepPlanMemberType,
  SweepPlanType,
  withClient,
} from './sweep.types.js';

@Resolver(() => Sweep)
export class SweepResolver {
  constructor(
    private readonly runs: Pick<SweepPort, 'pageSweeps' | 'countSweeps' | 'heldSweeps'>,
  ) {}

  @Authorized('discord:admin')
  @Query(() => SweepConnection, { description: 'Sweeps of a client, newest first.' })
  async sweeps(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
    @Arg('kind', () => SweepKindEnum, {
      nullable: true,
      description: 'Only sweeps of this kind. Omitted: all kinds.',
    })
    kind: SweepKind | null = null,
    @Arg('states', () => [SweepStateEnum], {
      nullable: true,
      description: 'Only sweeps in these states. Omitted: all states.',
    })
    states: readonly SweepState[] | null = null,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<Sweep>> {
    const client = await requireClient(context, clientId, 'clientId');
    const list = { name: 'sweeps', clientId: client.id } as const;
    const page = toPage(asked, list);
    const filter = { clientId: client.id, kind, states: states && checkList(states, 'states') };
    return toConnection({
      rows: await this.runs.pageSweeps(filter, page),
      page,
      list,
      count: () => this.runs.countSweeps(filter),
    });
  }

  @Authorized('discord:admin')
  @Query(() => [Sweep], {
    description:
      'Sweeps of a client in the state HELD, whose plans wait for approveSweep or rejectSweep. At most one of each kind; the longest held first.',
  })
  async heldPlans(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
  ): Promise<readonly Sweep[]> {
    return askOfClient(context, clientId, async (id) => this.runs.heldSweeps(id));
  }

  @Authorized('discord:admin')
  @Query(() => Sweep, { nullable: true, description: 'One sweep. Null if the id is unknown.' })
  async sweep(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The sweep's id." }) id: string,
  ): Promise<Sweep | null> {
    const sweep = await context.loaders.sweeps.load(checkOwnId(id, 'id'));
    return sweep && mayTouch(context, sweep.clientId) ? sweep : null;
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() { loaders }: ApiContext, @Root() { clientId }: Sweep) {
    return loaders.clients.load(clientId);
  }

  @FieldResolver(() => SweepPlanType, {
    nullable: true,
    description: 'The plan. Null until the sweep has checked all members.',
  })
  plan(@Root() { clientId, plan }: Sweep): SweepPlanType | null {
    return plan && withClient(clientId, plan);
  }
}

@Resolver(() => SweepPlanMemberType)
export class SweepPlanMemberResolver {
  @FieldResolver(() => DiscordUser, {
    nullable: true,
    description: "The account's current link. Null if it has none.",
  })
  discordUser(@Ctx() { loaders }: ApiContext, @Root() member: SweepPlanMemberType) {
    return loaders.linksByMember.load(member);
  }

  @FieldResolver(() => PlatformUser, {
    nullable: true,
    description: 'The platform user the account is linked to.',
  })
  platformUser(@Ctx() { loaders }: ApiContext, @Root() { platformUserId }: SweepPlanMemberType) {
    return platformUserId === null ? undefined : loaders.platformUsers.load(platformUserId);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to add.' })
  add(@Ctx() { loaders }: ApiContext, @Root() member: SweepPlanMemberType) {
    return loadRoles(loaders, member.clientId, member.add);
  }

  @FieldResolver(() => [DiscordRole], { description: 'Roles to remove.' })
  remove(@Ctx() { loaders }: ApiContext, @Root() member: SweepPlanMemberType) {
    return loadRoles(loaders, member.clientId, member.remove);
  }
}
