import { InputError } from '../../lib/errors.js';
import type { NicknameStrategy, SweepKind } from '../../model.js';
import { Field, ID, InputType } from '../kit/decorators.js';
import { NicknameStrategyEnum, SweepKindEnum } from '../kit/enums.js';
import type { SchedulePort } from './ports.js';
import { checkInputText, isGiven } from '../kit/checks.js';

@InputType({ description: 'The sweep to start.' })
export class StartSweepInput {
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
export class CancelSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;
}

@InputType({ description: 'The held plan to approve.' })
export class ApproveSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    description: 'The `hash` of the reviewed plan. Any other plan is rejected.',
  })
  readonly hash!: string;
}

@InputType({ description: 'The held plan to reject.' })
export class RejectSweepInput {
  @Field(() => ID, { description: "The sweep's id." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The `hash` of the reviewed plan. Omitted: rejects the current plan.',
  })
  readonly hash?: string | null;
}

@InputType({ description: 'Changes to a schedule. Omitted fields stay unchanged.' })
export class UpdateScheduleInput {
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

/**
 * Only checks length and characters; parsing of the cron expression and the zone happens elsewhere.
 */
export function toSchedulePatch(input: UpdateScheduleInput): SchedulePatch {
  const { cron, timeZone, enabled } = input;
  return {
    ...(isGiven(cron) ? { cron: checkInputText(cron, 'input.cron', 200) } : {}),
    ...(isGiven(timeZone) ? { timeZone: checkInputText(timeZone, 'input.timeZone', 100) } : {}),
    ...(isGiven(enabled) ? { isEnabled: enabled } : {}),
  };
}
