import { requireUnlimited } from '../access/access.js';
import { type ApiContext, requestCause } from '../context.js';
import {
  Authorized,
  Ctx,
  Field,
  ID,
  Input,
  Mutation,
  ObjectType,
  Payload,
  Resolver,
  ResultOf,
} from '../kit/decorators.js';
import { requireClient } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import { MappingEffectType } from '../mappings/role-mapping.types.js';
import { withClient } from '../sweeps/sweep.types.js';
import { loadPeopleChecks } from './client-health.js';
import { loadLiveChecks } from './live-health.js';
import { type ClientPolicy, toClientPatch, toNewClient } from './client-settings.js';
import {
  CheckDiscordClientInput,
  CreateDiscordClientInput,
  DeleteDiscordClientInput,
  ImportDiscordRolesInput,
  UpdateDiscordClientInput,
} from './client.input.js';
import { DiscordClient, DiscordRole, HealthCheck } from './discord-client.types.js';
import type { ClientPort } from './ports.js';

@Resolver()
export class ClientMutationsResolver {
  constructor(
    private readonly deps: {
      readonly clients: Pick<
        ClientPort,
        'createClient' | 'updateClient' | 'deleteClient' | 'checkClient' | 'importRoles'
      >;
      readonly policy: ClientPolicy;
    },
  ) {}

  @Authorized('discord:admin')
  @Mutation(() => CreateDiscordClientPayload, {
    description:
      'Creates a client: a Discord application with its bot, and its guild. Errors: BAD_USER_INPUT for rejected credentials or settings, CONFLICT if the guild already has a client, FORBIDDEN for keys limited to clients.',
  })
  async createDiscordClient(
    @Ctx() context: ApiContext,
    @Input(() => CreateDiscordClientInput, 'The new client.') input: CreateDiscordClientInput,
  ): Promise<CreateDiscordClientPayload> {
    requireUnlimited(context, 'it cannot create another one');
    const client = toNewClient(input, this.deps.policy);
    const created = await this.deps.clients.createClient(client);
    forgetRows(context.loaders);
    return {
      client: created,
      warnings: created.rolesReadAt
        ? []
        : ['The roles are not imported yet: run importDiscordRoles.'],
    };
  }

  @Authorized('discord:admin')
  @Mutation(() => UpdateDiscordClientPayload, {
    description:
      'Updates a client. Errors: NOT_FOUND, BAD_USER_INPUT for rejected credentials or settings.',
  })
  async updateDiscordClient(
    @Ctx() context: ApiContext,
    @Input(() => UpdateDiscordClientInput, 'The client and its changes.')
    input: UpdateDiscordClientInput,
  ): Promise<UpdateDiscordClientPayload> {
    const current = await requireClient(context, input.id, 'input.id');
    const patch = toClientPatch(input, current, this.deps.policy);
    const client = await this.deps.clients.updateClient(current.id, patch, requestCause(context));
    forgetRows(context.loaders);
    return { client, warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => DeleteDiscordClientPayload, {
    description:
      'Deletes a client: immediately, or once the roles it granted are removed. Errors: NOT_FOUND, FAILED_PRECONDITION if the client cannot remove roles.',
  })
  async deleteDiscordClient(
    @Ctx() context: ApiContext,
    @Input(
      () => DeleteDiscordClientInput,
      'The client, and what happens to the holders of its roles.',
    )
    input: DeleteDiscordClientInput,
  ): Promise<DeleteDiscordClientPayload> {
    const { id } = await requireClient(context, input.id, 'input.id');
    const effect = await this.deps.clients.deleteClient({
      id,
      holders: input.holders,
      dryRun: input.dryRun ?? false,
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return {
      id,
      client: (await context.loaders.clients.load(id)) ?? null,
      effect: withClient(id, effect),
      warnings: [],
    };
  }

  @Authorized('discord:admin')
  @Mutation(() => CheckDiscordClientPayload, {
    description:
      'Checks a client at Discord: token, guild, intent, permissions, role positions, invite and redirect address; then whether changes on Discord arrive live. Errors: NOT_FOUND, DISCORD_ERROR, DISCORD_RATE_LIMITED.',
  })
  async checkDiscordClient(
    @Ctx() context: ApiContext,
    @Input(() => CheckDiscordClientInput, 'The client.') input: CheckDiscordClientInput,
  ): Promise<CheckDiscordClientPayload> {
    const before = await requireClient(context, input.id, 'input.id');
    const checks = await this.deps.clients.checkClient(before.id);
    forgetRows(context.loaders);
    const client = await requireClient(context, before.id, 'input.id');
    const [live, people] = await Promise.all([
      loadLiveChecks(context, before.id),
      loadPeopleChecks(context, before.id),
    ]);
    return { client, checks: [...checks, ...live, ...people], warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => ImportDiscordRolesPayload, {
    description:
      "Reads the guild's roles from Discord and stores them. Errors: NOT_FOUND, DISCORD_ERROR, DISCORD_RATE_LIMITED.",
  })
  async importDiscordRoles(
    @Ctx() context: ApiContext,
    @Input(() => ImportDiscordRolesInput, 'The client.') input: ImportDiscordRolesInput,
  ): Promise<ImportDiscordRolesPayload> {
    const before = await requireClient(context, input.id, 'input.id');
    const roles = await this.deps.clients.importRoles(before.id);
    forgetRows(context.loaders);
    const client = await requireClient(context, before.id, 'input.id');
    return { client, roles, warnings: [] };
  }
}

/** Base of payloads that return the client after the mutation. */
@ObjectType({ description: 'A client.', simpleResolvers: true })
abstract class ClientPayload extends Payload {
  @Field(() => DiscordClient, { description: 'The current state of the client.' })
  readonly client!: DiscordClient;
}

@ResultOf('createDiscordClient')
class CreateDiscordClientPayload extends ClientPayload {}

@ResultOf('updateDiscordClient')
class UpdateDiscordClientPayload extends ClientPayload {}

@ResultOf('deleteDiscordClient')
class DeleteDiscordClientPayload extends Payload {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => DiscordClient, {
    nullable: true,
    description: 'The client while its roles are being removed. Null: deleted.',
  })
  readonly client!: DiscordClient | null;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;
}

@ResultOf('checkDiscordClient')
class CheckDiscordClientPayload extends Payload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [HealthCheck], { description: 'The checks at Discord.' })
  readonly checks!: readonly HealthCheck[];
}

@ResultOf('importDiscordRoles')
class ImportDiscordRolesPayload extends Payload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [DiscordRole], { description: 'All roles of the guild.' })
  readonly roles!: readonly DiscordRole[];
}
