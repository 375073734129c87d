import type { SweepKind, SweepState } from '../../model.js';
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
import { SweepKindEnum, SweepStateEnum } from '../kit/enums.js';
import { checkList, checkOwnId } from '../kit/checks.js';
import { PageArgs } from '../kit/page.args.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { SweepPort } from './sweep-ports.js';
import type { ConnectionOf } from '../kit/connection.types.js';
import { DiscordClient } from '../clients/discord-client.types.js';
import { Sweep, SweepConnection, toSweep } from './sweep.types.js';
import type { OrPromise } from '../kit/rows.js';
import { askOfClient, requireClient } from '../kit/find.js';
import { loadClient } from '../kit/load.js';

@Resolver(() => Sweep)
export class SweepResolver {
  constructor(
    private readonly runs: Pick<SweepPort, 'pageSweeps' | 'countSweeps' | 'heldSweeps'>,
  ) {}

  @Authorized('discord:admin')
  @Query(() => SweepConnection, { description: 'Sweeps of a client, newest first.' })
  async sweeps(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
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
      toNode: toSweep,
      count: () => this.runs.countSweeps(filter),
    });
  }

  @Authorized('discord:admin')
  @Query(() => [Sweep], {
    description:
      'Plans of a client that wait for approveSweep or rejectSweep: its sweeps in the state HELD, those of kind CHANGES too. At most one of each kind, the longest held first.',
  })
  async heldPlans(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
  ): Promise<readonly Sweep[]> {
    const views = await askOfClient(context, clientId, async (id) => this.runs.heldSweeps(id));
    return views.map(toSweep);
  }

  @Authorized('discord:admin')
  @Query(() => Sweep, { nullable: true, description: 'One sweep. Null if the id is unknown.' })
  async sweep(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The sweep's id." }) id: string,
  ): Promise<Sweep | null> {
    const view = await context.loaders.sweeps.load(checkOwnId(id, 'id'));
    return view && mayTouch(context, view.clientId) ? toSweep(view) : null;
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() context: ApiContext, @Root() sweep: Sweep): OrPromise<DiscordClient | null> {
    return loadClient(context, sweep.clientId);
  }
}
