import type { SweepKind } from '../../model.js';
import { DiscordClient } from '../clients/discord-client.types.js';
import type { ApiContext } from '../context.js';
import { checkInputText, ifGiven, onlyGiven } from '../kit/checks.js';
import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Input,
  InputType,
  Mutation,
  Payload,
  Query,
  Resolver,
  ResultOf,
  Root,
} from '../kit/decorators.js';
import { SweepKindEnum } from '../kit/enums.js';
import { requireClient } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import type { SchedulePort } from './ports.js';
import { checkTimedKind, Schedule } from './sweep.types.js';

@Resolver(() => Schedule)
export class ScheduleResolver {
  constructor(private readonly port: Omit<SchedulePort, 'schedulesOfClients'>) {}

  @Authorized('discord:admin')
  @Query(() => [Schedule], { description: 'The schedules of a client, by kind of sweep.' })
  async schedules(
    @Ctx() context: ApiContext,
    @Arg('clientId', () => ID, { description: "The client's id." }) clientId: string,
  ): Promise<readonly Schedule[]> {
    const client = await requireClient(context, clientId, 'clientId');
    return context.loaders.schedulesOfClient.load(client.id);
  }

  @Authorized('discord:admin')
  @Mutation(() => UpdateSchedulePayload, {
    description:
      'Updates a schedule. Errors: NOT_FOUND, BAD_USER_INPUT for an invalid cron expression or time zone.',
  })
  async updateSchedule(
    @Ctx() context: ApiContext,
    @Input(() => UpdateScheduleInput, 'The schedule and its changes.') input: UpdateScheduleInput,
  ): Promise<UpdateSchedulePayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const patch = toSchedulePatch(input);
    const schedule = await this.port.updateSchedule({
      clientId: client.id,
      kind: checkTimedKind(input.kind, 'input.kind'),
      ...patch,
    });
    forgetRows(context.loaders);
    return { schedule, warnings: scheduleWarnings(client, patch, schedule) };
  }

  @Authorized('discord:admin')
  @Mutation(() => LoadDefaultSchedulePayload, {
    description:
      'Resets the schedules of a client to the defaults; changes to them are lost. Errors: NOT_FOUND.',
  })
  async loadDefaultSchedule(
    @Ctx() context: ApiContext,
    @Input(() => LoadDefaultScheduleInput, 'The client.') input: LoadDefaultScheduleInput,
  ): Promise<LoadDefaultSchedulePayload> {
    const { id } = await requireClient(context, input.clientId, 'input.clientId');
    const schedules = await this.port.loadDefaultSchedule(id);
    forgetRows(context.loaders);
    return { schedules, warnings: [] };
  }

  @FieldResolver(() => DiscordClient, { description: 'The client.' })
  client(@Ctx() { loaders }: ApiContext, @Root() { clientId }: Schedule) {
    return loaders.clients.load(clientId);
  }
}

@InputType({ description: 'Changes to a schedule. Omitted fields stay unchanged.' })
class UpdateScheduleInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => SweepKindEnum, { description: 'The kind of sweep. CHANGES has no schedule.' })
  readonly kind!: SweepKind;

  @Field(() => String, {
    nullable: true,
    description:
      'Cron expression with five fields: minute, hour, day of month, month, day of week.',
  })
  readonly cron?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Time zone of the cron expression, an IANA name such as `Europe/Berlin`.',
  })
  readonly timeZone?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'True: the schedule is on. False: off.' })
  readonly enabled?: boolean | null;
}

@InputType({ description: 'The client whose schedules are reset to the defaults.' })
class LoadDefaultScheduleInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;
}

@ResultOf('updateSchedule')
class UpdateSchedulePayload extends Payload {
  @Field(() => Schedule, { description: 'The schedule.' })
  readonly schedule!: Schedule;
}

@ResultOf('loadDefaultSchedule')
class LoadDefaultSchedulePayload extends Payload {
  @Field(() => [Schedule], { description: 'All schedules of the client.' })
  readonly schedules!: readonly Schedule[];
}

function scheduleWarnings(
  client: DiscordClient,
  patch: SchedulePatch,
  schedule: Schedule,
): readonly string[] {
  const warnings: string[] = [];
  if (Object.keys(patch).length === 0) warnings.push('The input contains nothing to change.');
  if (
    schedule.isEnabled &&
    schedule.kind === 'ENFORCE_NICKNAMES' &&
    client.nicknamePolicy.strategy === 'NONE'
  )
    warnings.push(
      "The client's nickname policy has the strategy NONE, so nicknames stay unchanged.",
    );
  return warnings;
}

@Resolver(() => DiscordClient)
export class ClientSchedulesResolver {
  // The field is nullable, so that for a key without discord:admin only the field is null, not the
  // whole client.
  @Authorized('discord:admin')
  @FieldResolver(() => [Schedule], {
    nullable: true,
    description:
      'Its schedules, by kind of sweep. Null with an error for keys without discord:admin.',
  })
  schedules(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordClient) {
    return loaders.schedulesOfClient.load(id);
  }
}

type SchedulePatch = Omit<Parameters<SchedulePort['updateSchedule']>[0], 'clientId' | 'kind'>;

/**
 * Checks the length and characters of the texts. The port checks whether they are a cron expression
 * and a time zone.
 */
function toSchedulePatch(input: UpdateScheduleInput): SchedulePatch {
  const { cron, timeZone, enabled } = input;
  return onlyGiven({
    cron: ifGiven(cron, (text) => checkInputText(text, 'input.cron', 200)),
    timeZone: ifGiven(timeZone, (text) => checkInputText(text, 'input.timeZone', 100)),
    isEnabled: enabled,
  });
}
