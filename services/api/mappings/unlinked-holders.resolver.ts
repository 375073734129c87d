import { InputError } from '../../lib/errors.js';
import type { ApiContext } from '../context.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { PageArgs } from '../kit/page.args.js';
import { toConnection, toPage } from '../kit/paging.js';
import { whenHere, type OrPromise } from '../kit/rows.js';
import { Snowflake } from '../kit/scalars.js';
import type { ConnectionOf } from '../kit/connection.types.js';
import { RoleMapping } from './role-mapping.types.js';
import {
  toUnlinkedHolder,
  UnlinkedHolderConnection,
  type UnlinkedHolder,
} from './unlinked-holder.types.js';
import type { UnlinkedPort, UnlinkedRole } from './unlinked-ports.js';
import { askOfClient } from '../kit/find.js';

@Resolver(() => RoleMapping)
export class UnlinkedHoldersResolver {
  constructor(
    private readonly read: Pick<UnlinkedPort, 'pageUnlinkedHolders' | 'countUnlinkedHolders'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => UnlinkedHolderConnection, {
    description:
      'Accounts that hold a mapped role and have no link, as the last complete member list showed them; ordered by account id. Nothing is ever done to them. Throws NOT_FOUND when no mapping names the role.',
  })
  async unlinkedHolders(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." })
    clientId: string,
    @Arg('roleId', () => Snowflake, { description: 'A mapped role.' })
    roleId: string,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<UnlinkedHolder>> {
    const { mapped, rows, page, list } = await askOfClient(context, clientId, async (id) =>
      this.readPage(context, { clientId: id, roleId }, asked),
    );
    if (!mapped.some((role) => role.roleId === roleId))
      throw new InputError('NOT_FOUND', `No mapping names role ${roleId}.`, 'roleId');
    return toConnection({
      rows,
      page,
      list,
      toNode: toUnlinkedHolder,
      count: () => this.read.countUnlinkedHolders(list),
    });
  }

  private async readPage({ loaders }: ApiContext, role: UnlinkedRole, asked: PageArgs) {
    const list = { name: 'unlinkedHolders', ...role } as const;
    const page = toPage(asked, list);
    const [mapped, rows] = await Promise.all([
      loaders.unlinkedRolesOfClient.load(role.clientId),
      this.read.pageUnlinkedHolders(role, page),
    ]);
    return { mapped, rows, page, list };
  }

  @FieldResolver(() => Int, {
    name: 'unlinkedHolders',
    nullable: true,
    description:
      'Accounts that hold the role and have no link, as the last sweep counted them; `unlinkedHolders(clientId, roleId)` lists them. Null: no sweep has counted them since the role was mapped.',
  })
  unlinkedHolderCount(
    @Ctx() { loaders }: ApiContext,
    @Root() { clientId, roleId }: RoleMapping,
  ): OrPromise<number | null> {
    return whenHere(
      loaders.unlinkedRolesOfClient.load(clientId),
      (roles) => roles.find((role) => role.roleId === roleId)?.holders ?? null,
    );
  }
}
