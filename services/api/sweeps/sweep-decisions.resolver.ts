import { requestCause, type ApiContext } from '../context.js';
import { Arg, Authorized, Ctx, Mutation, Resolver } from '../kit/decorators.js';
import { checkInputText, isGiven } from '../kit/checks.js';
import { ApproveSweepInput, RejectSweepInput } from './sweep.input.js';
import { forgetRows } from '../kit/loaders.js';
import type { SweepPort } from './sweep-ports.js';
import { ApproveSweepPayload, RejectSweepPayload, toSweep, type Sweep } from './sweep.types.js';
import { requireSweep } from '../kit/find.js';

const MAX_HASH = 200;

@Resolver()
export class SweepDecisionsResolver {
  constructor(private readonly runs: Pick<SweepPort, 'decideSweep'>) {}

  @Authorized('discord:admin')
  @Mutation(() => ApproveSweepPayload, {
    description:
      'Approves a held plan: exactly the reviewed plan is carried out, once, and only what is still desired. Errors: NOT_FOUND, CONFLICT if the plan has changed, FAILED_PRECONDITION if the sweep is not held.',
  })
  async approveSweep(
    @Ctx() context: ApiContext,
    @Arg('input', () => ApproveSweepInput, { description: 'The plan.' })
    input: ApproveSweepInput,
  ): Promise<ApproveSweepPayload> {
    const sweep = await this.#decide(context, input, 'APPROVED');
    return { sweep, warnings: [] };
  }

  @Authorized('discord:admin')
  @Mutation(() => RejectSweepPayload, {
    description:
      'Rejects a held plan. Its roles stay until there are newer facts about the group, mapping or link. Errors: NOT_FOUND, CONFLICT if the plan has changed, FAILED_PRECONDITION if the sweep is not held.',
  })
  async rejectSweep(
    @Ctx() context: ApiContext,
    @Arg('input', () => RejectSweepInput, { description: 'The plan.' })
    input: RejectSweepInput,
  ): Promise<RejectSweepPayload> {
    const sweep = await this.#decide(context, input, 'REJECTED');
    return { sweep, warnings: [] };
  }

  async #decide(
    context: ApiContext,
    input: { readonly id: string; readonly hash?: string | null },
    verdict: 'APPROVED' | 'REJECTED',
  ): Promise<Sweep> {
    const { id } = await requireSweep(context, input.id, 'input.id');
    const hash = isGiven(input.hash) ? checkInputText(input.hash, 'input.hash', MAX_HASH) : null;
    const cause = requestCause(context);
    const view = await this.runs.decideSweep({ id, hash, verdict, cause });
    forgetRows(context.loaders);
    return toSweep(view);
  }
}
