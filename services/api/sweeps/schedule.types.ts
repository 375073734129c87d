import type { SweepKind } from '../../model.js';
import { Field, ObjectType } from '../kit/decorators.js';
import { SweepKindEnum } from '../kit/enums.js';
import { DateTime } from '../kit/scalars.js';

@ObjectType({ description: 'When sweeps of one kind run for one client.', simpleResolvers: true })
export class Schedule {
  readonly clientId!: string;

  @Field(() => SweepKindEnum, { description: 'The kind of sweep.' })
  readonly kind!: SweepKind;

  @Field(() => String, {
    description:
      'Cron expression with five fields: minute, hour, day of month, month, day of week.',
  })
  readonly cron!: string;

  @Field(() => String, {
    description: 'Time zone of the cron expression, an IANA name such as `Europe/Berlin`.',
  })
  readonly timeZone!: string;

  @Field(() => Boolean, {
    name: 'enabled',
    simple: false,
    description: 'False: the schedule is off.',
  })
  readonly isEnabled!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its last sweep started. Null: never.',
  })
  readonly lastRunAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its next sweep starts. Null: the schedule is off.',
  })
  readonly nextRunAt!: Date | null;
}
