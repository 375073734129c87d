import { InputError } from '../../lib/errors.js';
import type { SweepKind, SweepState } from '../../model.js';
import { connectionOf } from '../kit/connection.types.js';
import { Field, ID, Int, ObjectType } from '../kit/decorators.js';
import { SweepKindEnum, SweepStateEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';

@ObjectType('SweepPlanMember', {
  description: 'What a sweep plans to change for one member, and why.',
  simpleResolvers: true,
})
export class SweepPlanMemberType {
  readonly clientId!: string;
  readonly add!: readonly string[];
  readonly remove!: readonly string[];

  @Field(() => Snowflake, { description: "The Discord account's id." })
  readonly discordUserId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the platform user the account is linked to. Null if it has none.',
  })
  readonly platformUserId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The nickname to set. Null if none is to be set, or if it cannot be set; `reason` then says why.',
  })
  readonly nickname?: string | null;

  @Field(() => String, {
    description: 'Why the changes are planned, or why the nickname cannot be set.',
  })
  readonly reason!: string;
}

@ObjectType({ description: 'What a change costs, and whom it affects.', simpleResolvers: true })
export abstract class PlannedChanges {
  @Field(() => Int, {
    description:
      'Number of calls to Discord, reads included, at the rate limits observed so far. Removals held for approval count in their own plan.',
  })
  readonly calls!: number;

  @Field(() => Int, {
    description: 'Estimated duration of the writes in seconds at these limits, rounded up.',
  })
  readonly seconds!: number;

  @Field(() => [SweepPlanMemberType], { description: 'The first affected members, at most 100.' })
  readonly members!: readonly SweepPlanMemberType[];
}

@ObjectType('SweepPlan', { description: 'What a sweep plans to change.', simpleResolvers: true })
export class SweepPlanType extends PlannedChanges {
  @Field(() => String, { description: 'Hash that identifies exactly this plan.' })
  readonly hash!: string;

  @Field(() => Int, { description: 'Number of roles to remove.' })
  readonly removals!: number;

  @Field(() => Int, { description: 'Number of roles to add.' })
  readonly additions!: number;
}

/**
 * A plan as stored with its sweep. Its members do not store a client id, because the sweep does.
 */
export interface SweepPlanView extends Omit<SweepPlanType, 'members'> {
  readonly members: readonly Omit<SweepPlanMemberType, 'clientId'>[];
}

@ObjectType({
  description:
    'One check of all members of a client for differences between desired and actual state.',
  simpleResolvers: true,
})
export class Sweep {
  readonly clientId!: string;

  @Field(() => ID, { description: "The sweep's id, a UUID." })
  readonly id!: string;

  @Field(() => SweepKindEnum, { description: 'The kind of sweep.' })
  readonly kind!: SweepKind;

  @Field(() => SweepStateEnum, { description: 'The state.' })
  readonly state!: SweepState;

  @Field(() => Boolean, {
    name: 'dryRun',
    simple: false,
    description: 'True: the sweep only makes its plan.',
  })
  readonly isDryRun!: boolean;

  readonly plan!: SweepPlanView | null;

  @Field(() => Int, { description: 'Number of members checked so far.' })
  readonly checked!: number;

  @Field(() => Int, {
    description: 'Number of checked members that are out of step, including parked ones.',
  })
  readonly drifted!: number;

  @Field(() => Int, {
    description:
      'Number of drifted members that were parked before the sweep. The sweep does not retry them; `reason` names the causes.',
  })
  readonly parked!: number;

  @Field(() => Int, { description: 'Number of drifted members that are now in step.' })
  readonly changed!: number;

  @Field(() => Int, {
    description: 'Number of drifted members that could not be brought into step.',
  })
  readonly failed!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Who approved or rejected the plan. Null: undecided.',
  })
  readonly decidedBy!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the plan was approved or rejected. Null: undecided.',
  })
  readonly decidedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the sweep ended early, is held, or is postponed and until when; else null.',
  })
  readonly reason!: string | null;

  @Field(() => DateTime, { description: 'When the sweep started.' })
  readonly startedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the sweep finished. Null: it has not.',
  })
  readonly finishedAt!: Date | null;
}

@ObjectType({ description: 'A page of sweeps, newest first.' })
export class SweepConnection extends connectionOf(Sweep, 'Sweep', 'a sweep') {}

/**
 * Adds the client id to each member of a plan, so that resolvers can look up the member's roles and
 * link.
 */
export function withClient<Plan extends Omit<SweepPlanView, 'hash'>>(clientId: string, plan: Plan) {
  return {
    ...plan,
    seconds: Math.ceil(plan.seconds),
    members: plan.members.map((member) => ({ clientId, ...member })),
  };
}

/**
 * Rejects CHANGES, which cannot be scheduled or started: the guard creates these sweeps for
 * removals that it holds outside a sweep.
 */
export function checkTimedKind(kind: SweepKind, field: string): SweepKind {
  if (kind === 'CHANGES')
    throw new InputError(
      'BAD_USER_INPUT',
      'CHANGES sweeps cannot be started: the removal guard creates them when it holds removals outside a sweep.',
      field,
    );
  return kind;
}

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
