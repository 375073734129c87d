import type { ApiContext } from '../context.js';
import { Arg, Authorized, Ctx, Mutation, Resolver } from '../kit/decorators.js';
import {
  checkTimedKind,
  LoadDefaultScheduleInput,
  toSchedulePatch,
  UpdateScheduleInput,
  type SchedulePatch,
} from './sweep.input.js';
import { forgetRows } from '../kit/loaders.js';
import type { SchedulePort, ScheduleView } from './sweep-ports.js';
import { LoadDefaultSchedulePayload, toSchedule, UpdateSchedulePayload } from './schedule.types.js';
import type { ClientView } from '../kit/views.js';
import { requireClient } from '../kit/find.js';

@Resolver()
export class ScheduleMutationsResolver {
  constructor(private readonly schedules: Omit<SchedulePort, 'schedulesOfClients'>) {}

  @Authorized('discord:admin')
  @Mutation(() => UpdateSchedulePayload, {
    description:
      'Updates a schedule. Errors: NOT_FOUND, BAD_USER_INPUT for an invalid cron expression or time zone.',
  })
  async updateSchedule(
    @Ctx() context: ApiContext,
    @Arg('input', () => UpdateScheduleInput, { description: 'The schedule and its changes.' })
    input: UpdateScheduleInput,
  ): Promise<UpdateSchedulePayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const patch = toSchedulePatch(input);
    const view = await this.schedules.updateSchedule({
      clientId: client.id,
      kind: checkTimedKind(input.kind, 'input.kind'),
      ...patch,
    });
    forgetRows(context.loaders);
    return { schedule: toSchedule(view), warnings: scheduleWarnings(client, patch, view) };
  }

  @Authorized('discord:admin')
  @Mutation(() => LoadDefaultSchedulePayload, {
    description:
      'Resets the schedules of a client to the defaults; changes to them are lost. Errors: NOT_FOUND.',
  })
  async loadDefaultSchedule(
    @Ctx() context: ApiContext,
    @Arg('input', () => LoadDefaultScheduleInput, { description: 'The client.' })
    input: LoadDefaultScheduleInput,
  ): Promise<LoadDefaultSchedulePayload> {
    const { id } = await requireClient(context, input.clientId, 'input.clientId');
    const views = await this.schedules.loadDefaultSchedule(id);
    forgetRows(context.loaders);
    return { schedules: views.map(toSchedule), warnings: [] };
  }
}

function scheduleWarnings(
  client: ClientView,
  patch: SchedulePatch,
  view: ScheduleView,
): readonly string[] {
  const warnings: string[] = [];
  if (Object.keys(patch).length === 0) warnings.push('The input contains nothing to change.');
  if (
    view.isEnabled &&
    view.kind === 'ENFORCE_NICKNAMES' &&
    client.nicknamePolicy.strategy === 'NONE'
  )
    warnings.push(
      "The client's nickname policy has the strategy NONE, so nicknames stay unchanged.",
    );
  return warnings;
}
