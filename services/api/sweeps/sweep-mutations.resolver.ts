import { InputError } from '../../lib/errors.js';
import type { NicknameStrategy, SweepKind } from '../../model.js';
import { requestCause, type ApiContext } from '../context.js';
import { Arg, Authorized, Ctx, Mutation, Resolver } from '../kit/decorators.js';
import { CancelSweepInput, checkTimedKind, StartSweepInput } from './sweep.input.js';
import { forgetRows } from '../kit/loaders.js';
import type { SweepPort } from './sweep-ports.js';
import { CancelSweepPayload, StartSweepPayload, toSweep } from './sweep.types.js';
import type { ClientView } from '../kit/views.js';
import { requireClient, requireSweep } from '../kit/find.js';

@Resolver()
export class SweepMutationsResolver {
  constructor(private readonly runs: Pick<SweepPort, 'startSweep' | 'cancelSweep'>) {}

  @Authorized('discord:admin')
  @Mutation(() => StartSweepPayload, {
    description:
      'Starts a sweep now, regardless of its schedule. Poll it with `sweep(id)`. Errors: NOT_FOUND, CONFLICT if a sweep of this kind is running, FAILED_PRECONDITION if the client cannot run it.',
  })
  async startSweep(
    @Ctx() context: ApiContext,
    @Arg('input', () => StartSweepInput, { description: 'The sweep.' })
    input: StartSweepInput,
  ): Promise<StartSweepPayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const kind = checkTimedKind(input.kind, 'input.kind');
    const strategy = input.enforceStrategy ?? null;
    const view = await this.runs.startSweep({
      clientId: client.id,
      kind,
      dryRun: input.dryRun ?? false,
      enforceStrategy: checkStrategy(client, kind, strategy),
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return { sweep: toSweep(view), warnings: warningsOf(client, kind, strategy) };
  }

  @Authorized('discord:admin')
  @Mutation(() => CancelSweepPayload, {
    description:
      'Cancels a sweep. Changes made so far stay. Errors: NOT_FOUND, FAILED_PRECONDITION if it is held or finished.',
  })
  async cancelSweep(
    @Ctx() context: ApiContext,
    @Arg('input', () => CancelSweepInput, { description: 'The sweep.' })
    input: CancelSweepInput,
  ): Promise<CancelSweepPayload> {
    const { id } = await requireSweep(context, input.id, 'input.id');
    const view = await this.runs.cancelSweep(id);
    forgetRows(context.loaders);
    return { sweep: toSweep(view), warnings: [] };
  }
}

/** A strategy that cannot be followed would find nothing to do, and look like success. */
function checkStrategy(
  client: ClientView,
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
  client: ClientView,
  kind: SweepKind,
  given: NicknameStrategy | null,
): readonly string[] {
  const strategy = given ?? client.nicknamePolicy.strategy;
  return kind === 'ENFORCE_NICKNAMES' && strategy === 'NONE'
    ? ['With the strategy NONE, nicknames stay unchanged.']
    : [];
}
