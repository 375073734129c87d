import type { SweepKind } from '../../model.js';
import { Field, ObjectType } from '../decorators.js';
import { SweepKindEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import type { ScheduleView } from '../sweep-ports.js';

const WARNINGS = 'What the caller should know, though it was carried out.';

@ObjectType({
  description: 'When the sweeps of one kind run at one client.',
  simpleResolvers: true,
})
export class Schedule {
  readonly clientId!: string;

  @Field(() => SweepKindEnum, { description: 'What is swept.' })
  readonly kind!: SweepKind;

  @Field(() => String, {
    description:
      'When: minute, hour, day, month and weekday, as cron has them.',
  })
  readonly cron!: string;

  @Field(() => String, {
    description: 'Where its clock hangs: an IANA name, as `Europe/Berlin`.',
  })
  readonly timeZone!: string;

  @Field(() => Boolean, { description: 'False: it is switched off.' })
  readonly enabled!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it last began; null: never.',
  })
  readonly lastRunAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it begins next; null: it is switched off.',
  })
  readonly nextRunAt!: Date | null;
}

@ObjectType({ description: 'A schedule was changed.', simpleResolvers: true })
export class UpdateSchedulePayload {
  @Field(() => Schedule, { description: 'As it is now.' })
  readonly schedule!: Schedule;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'The schedules of a client are those of a new client again.',
  simpleResolvers: true,
})
export class LoadDefaultSchedulePayload {
  @Field(() => [Schedule], { description: 'All of them, as they are now.' })
  readonly schedules!: readonly Schedule[];

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

export function toSchedule(view: ScheduleView): Schedule {
  return {
    clientId: view.clientId,
    kind: view.kind,
    cron: view.cron,
    timeZone: view.timeZone,
    enabled: view.isEnabled,
    lastRunAt: view.lastRunAt,
    nextRunAt: view.nextRunAt,
  };
}
