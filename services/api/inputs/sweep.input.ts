import { InputError } from '../../lib/errors.js';
import type { NicknameStrategy, SweepKind } from '../../model.js';
import { Field, ID, InputType } from '../decorators.js';
import { NicknameStrategyEnum, SweepKindEnum } from '../enums.js';
import type { SchedulePort } from '../sweep-ports.js';
import { checkText, isGiven } from './checks.js';

@InputType({ description: 'A sweep to begin now.' })
export class StartSweepInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => SweepKindEnum, {
    description: 'What to sweep; CHANGES cannot be started.',
  })
  readonly kind!: SweepKind;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only make the plan. Default false.',
  })
  readonly dryRun?: boolean | null;

  @Field(() => NicknameStrategyEnum, {
    nullable: true,
    description:
      "For ENFORCE_NICKNAMES alone: the strategy of this run. Default: the client's.",
  })
  readonly enforceStrategy?: NicknameStrategy | null;
}

@InputType({ description: 'A sweep to stop.' })
export class CancelSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;
}

@InputType({ description: 'A held plan to carry out.' })
export class ApproveSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    description:
      'The `hash` of the plan that was looked at: no other is carried out.',
  })
  readonly hash!: string;
}

@InputType({ description: 'A held plan to drop.' })
export class RejectSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The `hash` of the plan that was looked at; left out: whatever it is by now.',
  })
  readonly hash?: string | null;
}

@InputType({ description: 'A change of a schedule; what is left out stays.' })
export class UpdateScheduleInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => SweepKindEnum, {
    description: 'Which of its schedules; CHANGES has none.',
  })
  readonly kind!: SweepKind;

  @Field(() => String, {
    nullable: true,
    description:
      'When: minute, hour, day, month and weekday, as cron has them.',
  })
  readonly cron?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where its clock hangs: an IANA name, as `Europe/Berlin`.',
  })
  readonly timeZone?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'False: switch it off. True: switch it on.',
  })
  readonly enabled?: boolean | null;
}

@InputType({
  description: 'A client that is to have the schedules of a new client again.',
})
export class LoadDefaultScheduleInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;
}

/** CHANGES holds what the guard stopped outside a sweep: it comes by itself. */
export function checkTimedKind(kind: SweepKind, field: string): SweepKind {
  if (kind === 'CHANGES')
    throw new InputError(
      'BAD_USER_INPUT',
      'CHANGES sweeps cannot be started: the removal guard creates them when it holds removals outside a sweep.',
      field,
    );
  return kind;
}

export type SchedulePatch = Omit<
  Parameters<SchedulePort['updateSchedule']>[0],
  'clientId' | 'kind'
>;

/** Whether a pattern and a zone can be read is not said here: only that they are short and printable. */
export function toSchedulePatch(input: UpdateScheduleInput): SchedulePatch {
  const { cron, timeZone, enabled } = input;
  return {
    ...(isGiven(cron) ? { cron: checkText(cron, 'input.cron', 200) } : {}),
    ...(isGiven(timeZone)
      ? { timeZone: checkText(timeZone, 'input.timeZone', 100) }
      : {}),
    ...(isGiven(enabled) ? { isEnabled: enabled } : {}),
  };
}
