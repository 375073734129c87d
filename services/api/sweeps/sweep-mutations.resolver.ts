import { InputError } from '../../lib/errors.js';
import type { NicknameStrategy, SweepKind } from '../../model.js';
import type { DiscordClient } from '../clients/discord-client.types.js';
import { type ApiContext, requestCause } from '../context.js';
import { checkInputText, isGiven } from '../kit/checks.js';
import {
  Authorized,
  Ctx,
  Field,
  ID,
  Input,
  InputType,
  Mutation,
  ObjectType,
  Payload,
  Resolver,
  ResultOf,
} from '../kit/decorators.js';
import { NicknameStrategyEnum, SweepKindEnum } from '../kit/enums.js';
import { requireClient, requireSweep } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import type { SweepPort } from './ports.js';
import { checkTimedKind, Sweep } from './sweep.types.js';

const MAX_HASH = 200;

@Resolver()
export class SweepMutationsResolver {
  constructor(
    private readonly runs: Pick<SweepPort, 'startSweep' | 'cancelSweep' | 'decideSweep'>,
  ) {}

  @Authorized('discord:admin')
  @Mutation(() => StartSweepPayload, {
    description:
      'Starts a sweep now, regardless of its schedule. Poll it with `sweep(id)`. Errors: NOT_FOUND, CONFLICT if a sweep of this kind is running, FAILED_PRECONDITION if the client cannot run it.',
  })
  async startSweep(
    @Ctx() context: ApiContext,
    @Input(() => StartSweepInput, 'The sweep.') input: StartSweepInput,
  ): Promise<StartSweepPayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const kind = checkTimedKind(input.kind, 'input.kind');
    const strategy = input.enforceStrategy ?? null;
    const sweep = await this.runs.startSweep({
      clientId: client.id,
      kind,
      dryRun: input.dryRun ?? false,
      enforceStrategy: checkStrategy(client, kind, strategy),
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return { sweep, warnings: warningsOf(client, kind, strategy) };
  }

  @Authorized('discord:admin')
  @Mutation(() => CancelSweepPayload, {
    description:
      'Cancels a sweep. Changes made so far stay. Errors: NOT_FOUND, FAILED_PRECONDITION if it is held or finished.',
  })
  async cancelSweep(
    @Ctx() context: ApiContext,
    @Input(() => CancelSweepInput, 'The sweep.') input: CancelSweepInput,
  ): Promise<CancelSweepPayload> {
    const { id } = await requireSweep(context, input.id, 'input.id');
    const sweep = await this.runs.cancelSweep(id);
    forgetRows(context.loaders);
    return { sweep, warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => ApproveSweepPayload, {
    description:
      'Approves a held plan: exactly the reviewed plan is carried out, once, and only what is still desired. Errors: NOT_FOUND, CONFLICT if the plan has changed, FAILED_PRECONDITION if the sweep is not held.',
  })
  async approveSweep(
    @Ctx() context: ApiContext,
    @Input(() => ApproveSweepInput, 'The plan.') input: ApproveSweepInput,
  ): Promise<ApproveSweepPayload> {
    return { sweep: await this.decide(context, input, 'APPROVED'), warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => RejectSweepPayload, {
    description:
      'Rejects a held plan. Its roles stay until there are newer facts about the group, mapping or link. Errors: NOT_FOUND, CONFLICT if the plan has changed, FAILED_PRECONDITION if the sweep is not held.',
  })
  async rejectSweep(
    @Ctx() context: ApiContext,
    @Input(() => RejectSweepInput, 'The plan.') input: RejectSweepInput,
  ): Promise<RejectSweepPayload> {
    return { sweep: await this.decide(context, input, 'REJECTED'), warnings: [] };
  }

  private async decide(
    context: ApiContext,
    input: { readonly id: string; readonly hash?: string | null },
    verdict: 'APPROVED' | 'REJECTED',
  ): Promise<Sweep> {
    const { id } = await requireSweep(context, input.id, 'input.id');
    const hash = isGiven(input.hash) ? checkInputText(input.hash, 'input.hash', MAX_HASH) : null;
    const cause = requestCause(context);
    const sweep = await this.runs.decideSweep({ id, hash, verdict, cause });
    forgetRows(context.loaders);
    return sweep;
  }
}

@InputType({ description: 'The sweep to start.' })
class StartSweepInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => SweepKindEnum, { description: 'The kind of sweep. CHANGES cannot be started.' })
  readonly kind!: SweepKind;

  @Field(() => Boolean, { nullable: true, description: 'True: only make the plan. Default false.' })
  readonly dryRun?: boolean | null;

  @Field(() => NicknameStrategyEnum, {
    nullable: true,
    description:
      "For ENFORCE_NICKNAMES only: the strategy of this run. Default: the client's strategy.",
  })
  readonly enforceStrategy?: NicknameStrategy | null;
}

@InputType({ description: 'The sweep to cancel.' })
class CancelSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;
}

@InputType({ description: 'The held plan to approve.' })
class ApproveSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    description: 'The `hash` of the reviewed plan. Any other plan is rejected.',
  })
  readonly hash!: string;
}

@InputType({ description: 'The held plan to reject.' })
class RejectSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The `hash` of the reviewed plan. Omitted: rejects the current plan.',
  })
  readonly hash?: string | null;
}

@ObjectType({ description: 'A sweep.', simpleResolvers: true })
abstract class SweepPayload extends Payload {
  @Field(() => Sweep, { description: 'The sweep.' })
  readonly sweep!: Sweep;
}

@ResultOf('startSweep', ' The sweep continues in the background.')
class StartSweepPayload extends SweepPayload {}

@ResultOf('cancelSweep', ' Changes made so far stay.')
class CancelSweepPayload extends SweepPayload {}

@ResultOf('approveSweep', ' Whatever is still desired is carried out.')
class ApproveSweepPayload extends SweepPayload {}

@ResultOf('rejectSweep', ' The roles stay.')
class RejectSweepPayload extends SweepPayload {}

/**
 * Rejects a strategy that cannot be applied. With it, the sweep would change nothing and look
 * successful.
 */
function checkStrategy(
  client: DiscordClient,
  kind: SweepKind,
  given: NicknameStrategy | null,
): NicknameStrategy | null {
  const field = 'input.enforceStrategy';
  if (given !== null && kind !== 'ENFORCE_NICKNAMES')
    throw new InputError(
      'BAD_USER_INPUT',
      '`enforceStrategy` is only allowed for ENFORCE_NICKNAMES.',
      field,
    );
  if (given === 'TEMPLATE' && client.nicknamePolicy.template === null)
    throw new InputError(
      'FAILED_PRECONDITION',
      "The client's nickname policy has no template.",
      field,
    );
  return given;
}

function warningsOf(
  client: DiscordClient,
  kind: SweepKind,
  given: NicknameStrategy | null,
): readonly string[] {
  const strategy = given ?? client.nicknamePolicy.strategy;
  return kind === 'ENFORCE_NICKNAMES' && strategy === 'NONE'
    ? ['With the strategy NONE, nicknames stay unchanged.']
    : [];
}
