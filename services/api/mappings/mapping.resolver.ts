import { InputError } from '../../lib/errors.js';
import type { Authority, Holders } from '../../model.js';
import { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { RoleKey } from '../clients/ports.js';
import { type ApiContext, requestCause } from '../context.js';
import { PlatformGroup } from '../facts/platform.types.js';
import { checkPlatformId } from '../kit/checks.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Input,
  InputType,
  Int,
  Mutation,
  Payload,
  Query,
  Resolver,
  ResultOf,
  Root,
} from '../kit/decorators.js';
import { AuthorityEnum, HoldersEnum } from '../kit/enums.js';
import { askOfClient, requireClient, requireMapping } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import { toConnection, toPage } from '../kit/paging.js';
import { type OrPromise, whenHere } from '../kit/rows.js';
import { Snowflake } from '../kit/scalars.js';
import { withClient } from '../sweeps/sweep.types.js';
import type { MappingPort, UnlinkedPort } from './ports.js';
import {
  MappingEffectType,
  RoleMapping,
  type UnlinkedHolder,
  UnlinkedHolderConnection,
} from './role-mapping.types.js';

@Resolver(() => RoleMapping)
export class RoleMappingResolver {
  constructor(
    private readonly read: Pick<UnlinkedPort, 'pageUnlinkedHolders' | 'countUnlinkedHolders'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => [RoleMapping], { description: 'The mappings of a client, active and retired.' })
  async roleMappings(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
  ): Promise<readonly RoleMapping[]> {
    return askOfClient(context, clientId, async (id) => context.loaders.mappingsOfClient.load(id));
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() { loaders }: ApiContext, @Root() { clientId }: RoleMapping) {
    return loaders.clients.load(clientId);
  }

  @FieldResolver(() => PlatformGroup, { description: 'The group.' })
  group(@Ctx() { loaders }: ApiContext, @Root() { groupId }: RoleMapping) {
    return loaders.platformGroups.load(groupId);
  }

  @FieldResolver(() => DiscordRole, { description: 'The role.' })
  role(@Ctx() { loaders }: ApiContext, @Root() mapping: RoleMapping): OrPromise<DiscordRole> {
    return loaders.roles.load(mapping);
  }

  @Authorized('discord:read')
  @Query(() => UnlinkedHolderConnection, {
    description:
      'Accounts that hold a mapped role and have no link, according to the last complete member list; ordered by account id. The connector never changes them. Errors: NOT_FOUND if no mapping names the role.',
  })
  async unlinkedHolders(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
    @Arg('roleId', () => Snowflake, { description: 'A mapped role.' }) roleId: string,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<UnlinkedHolder>> {
    const { mapped, rows, page, list } = await askOfClient(context, clientId, async (id) =>
      this.readPage(context, { clientId: id, roleId }, asked),
    );
    if (!mapped.some((role) => role.roleId === roleId))
      throw new InputError('NOT_FOUND', `No mapping names role ${roleId}.`, 'roleId');
    const count = () => this.read.countUnlinkedHolders(list);
    return toConnection({ rows, page, list, count });
  }

  private async readPage({ loaders }: ApiContext, role: RoleKey, asked: PageArgs) {
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
      'How many accounts hold the role and have no link, according to the last sweep; `unlinkedHolders(clientId, roleId)` lists them. Null: no sweep has counted them since the role was mapped.',
  })
  unlinkedHolderCount(@Ctx() { loaders }: ApiContext, @Root() { clientId, roleId }: RoleMapping) {
    return whenHere(
      loaders.unlinkedRolesOfClient.load(clientId),
      (roles) => roles.find((role) => role.roleId === roleId)?.holders ?? null,
    );
  }
}

@Resolver()
export class MappingMutationsResolver {
  constructor(private readonly mappings: MappingPort) {}

  @Authorized('discord:admin')
  @Mutation(() => CreateRoleMappingPayload, {
    description:
      'Maps a group to a role: members of the group get the role. Group and role cannot be changed later. Errors: NOT_FOUND for an unknown client, group or role, CONFLICT if the mapping exists or contradicts another one, FAILED_PRECONDITION if the role cannot be mapped or the client is being deleted.',
  })
  async createRoleMapping(
    @Ctx() context: ApiContext,
    @Input(() => CreateRoleMappingInput, 'The new mapping.') input: CreateRoleMappingInput,
  ): Promise<CreateRoleMappingPayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const role = { clientId: client.id, roleId: input.roleId };
    const made = await this.mappings.createMapping({
      ...role,
      groupId: checkPlatformId(input.groupId, 'input.groupId'),
      authority: input.authority ?? null,
      dryRun: input.dryRun ?? false,
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    const refusal = (await context.loaders.roles.load(role)).refusal;
    return {
      mapping: made.mapping,
      effect: withClient(client.id, made.effect),
      warnings: [
        ...(refusal ? [`The bot cannot add or remove this role at the moment: ${refusal}.`] : []),
        ...(made.held
          ? [
              `${made.held.removals} linked members hold the role without being in a group that grants it. Their roles stay until sweep ${made.held.sweepId} is approved with approveSweep.`,
            ]
          : []),
      ],
    };
  }

  @Authorized('discord:admin')
  @Mutation(() => UpdateRoleMappingPayload, {
    description:
      'Changes the authority of a mapping. Errors: NOT_FOUND, CONFLICT if it contradicts another mapping, FAILED_PRECONDITION if the client is being deleted.',
  })
  async updateRoleMapping(
    @Ctx() context: ApiContext,
    @Input(() => UpdateRoleMappingInput, 'The mapping and its authority.')
    input: UpdateRoleMappingInput,
  ): Promise<UpdateRoleMappingPayload> {
    const { id } = await requireMapping(context, input.id, 'input.id');
    const mapping = await this.mappings.updateMapping({
      id,
      authority: input.authority,
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return { mapping, warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => RetireRoleMappingPayload, {
    description:
      'Retires a mapping. It is removed once its role is removed from its holders. Errors: NOT_FOUND, FAILED_PRECONDITION if the mapping does not write to Discord and `holders` is TAKE_BACK.',
  })
  async retireRoleMapping(
    @Ctx() context: ApiContext,
    @Input(
      () => RetireRoleMappingInput,
      'The mapping, and what happens to the holders of its role.',
    )
    input: RetireRoleMappingInput,
  ): Promise<RetireRoleMappingPayload> {
    const { id } = await requireMapping(context, input.id, 'input.id');
    const { mapping, effect, held } = await this.mappings.retireMapping({
      id,
      holders: input.holders,
      dryRun: input.dryRun ?? false,
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return {
      mapping,
      effect: withClient(mapping.clientId, effect),
      warnings: held === null ? [] : [leftHolders(held)],
    };
  }
}

@InputType({ description: 'A new mapping: members of the group get the role.' })
class CreateRoleMappingInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    nullable: true,
    description: "Which side decides who holds the role. Default: the client's authority.",
  })
  readonly authority?: Authority | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the effect. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({ description: "A change of a mapping's authority. Its group and role never change." })
class UpdateRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => AuthorityEnum, { description: 'Which side decides who holds the role.' })
  readonly authority!: Authority;
}

@InputType({ description: 'The mapping to retire.' })
class RetireRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => HoldersEnum, { description: 'What happens to the holders of the role.' })
  readonly holders!: Holders;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the effect. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@ResultOf('createRoleMapping')
class CreateRoleMappingPayload extends Payload {
  @Field(() => RoleMapping, { nullable: true, description: 'The mapping. Null after a dry run.' })
  readonly mapping!: RoleMapping | null;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;
}

@ResultOf('updateRoleMapping')
class UpdateRoleMappingPayload extends Payload {
  @Field(() => RoleMapping, { description: 'The mapping.' })
  readonly mapping!: RoleMapping;
}

@ResultOf('retireRoleMapping')
class RetireRoleMappingPayload extends Payload {
  @Field(() => RoleMapping, { description: 'The mapping.' })
  readonly mapping!: RoleMapping;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;
}

function leftHolders(held: { readonly sweepId: string | null; readonly removals: number }): string {
  const sweep = held.sweepId === null ? 'a held sweep' : `sweep ${held.sweepId}`;
  return `Another mapping names the role, and ${held.removals} linked members hold it without being in a group that grants it. They keep it unless ${sweep} is approved.`;
}
