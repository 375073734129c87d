import type { SweepKind, SweepState } from '../../model.js';
import { Field, ID, Int, ObjectType } from '../decorators.js';
import { SweepKindEnum, SweepStateEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type {
  SweepPlanMember as SweepPlanMemberView,
  SweepPlanView,
  SweepView,
} from '../sweep-ports.js';
import { connectionOf } from './connection.types.js';

const WARNINGS = 'What the caller should know, though it was carried out.';

@ObjectType({
  description: 'What a sweep wants to change for one member, and why.',
  simpleResolvers: true,
})
export class SweepPlanMember {
  readonly clientId!: string;
  readonly addIds!: readonly string[];
  readonly removeIds!: readonly string[];

  @Field(() => Snowflake, { description: 'The account at Discord.' })
  readonly discordUserId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The platform user it is linked to.',
  })
  readonly platformUserId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The nickname to be set; null: none is to be, or `reason` says why it cannot.',
  })
  readonly nickname!: string | null;

  @Field(() => String, { description: 'Why.' })
  readonly reason!: string;
}

@ObjectType({
  description: 'What a sweep wants to change.',
  simpleResolvers: true,
})
export class SweepPlan {
  @Field(() => String, { description: 'Names exactly this plan.' })
  readonly hash!: string;

  @Field(() => Int, { description: 'Roles to take back.' })
  readonly removals!: number;

  @Field(() => Int, { description: 'Roles to give.' })
  readonly additions!: number;

  @Field(() => Int, { description: 'Calls to Discord that it takes.' })
  readonly calls!: number;

  @Field(() => Int, {
    description: 'How long these take at the limits known now, rounded up.',
  })
  readonly seconds!: number;

  @Field(() => [SweepPlanMember], {
    description: 'The first members it concerns, at most 100.',
  })
  readonly members!: readonly SweepPlanMember[];
}

@ObjectType({
  description: 'One run through the members of a client, in search of drift.',
  simpleResolvers: true,
})
export class Sweep {
  readonly clientId!: string;

  @Field(() => ID, { description: 'Ours, a UUID.' })
  readonly id!: string;

  @Field(() => SweepKindEnum, { description: 'What is swept.' })
  readonly kind!: SweepKind;

  @Field(() => SweepStateEnum, { description: 'How it stands.' })
  readonly state!: SweepState;

  @Field(() => Boolean, {
    description: 'True: it makes its plan and changes nothing.',
  })
  readonly dryRun!: boolean;

  @Field(() => SweepPlan, {
    nullable: true,
    description: 'What it wants to change; null while it is still looking.',
  })
  readonly plan!: SweepPlan | null;

  @Field(() => Int, { description: 'Members looked at so far.' })
  readonly checked!: number;

  @Field(() => Int, { description: 'Of these, members out of step.' })
  readonly drifted!: number;

  @Field(() => Int, {
    description: 'Of these, members brought into step since.',
  })
  readonly changed!: number;

  @Field(() => Int, {
    description: 'Of these, members that could not be brought into step.',
  })
  readonly failed!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Who approved or rejected its plan; null: nobody.',
  })
  readonly decidedBy!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its plan was approved or rejected.',
  })
  readonly decidedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Why it ended early, is held, or is postponed and until when; null otherwise.',
  })
  readonly reason!: string | null;

  @Field(() => DateTime, { description: 'When it was begun.' })
  readonly startedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was over; null: it is not.',
  })
  readonly finishedAt!: Date | null;
}

@ObjectType({ description: 'A page of sweeps, newest first.' })
export class SweepConnection extends connectionOf(Sweep, 'Sweep', 'a sweep') {}

@ObjectType({
  description: 'A sweep was begun; it goes on by itself.',
  simpleResolvers: true,
})
export class StartSweepPayload {
  @Field(() => Sweep, { description: 'As it is now.' })
  readonly sweep!: Sweep;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A sweep was stopped. What it did until then stays.',
  simpleResolvers: true,
})
export class CancelSweepPayload {
  @Field(() => Sweep, { description: 'As it is now.' })
  readonly sweep!: Sweep;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A held plan was approved: what is still wanted of it is done.',
  simpleResolvers: true,
})
export class ApproveSweepPayload {
  @Field(() => Sweep, { description: 'As it is now.' })
  readonly sweep!: Sweep;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A held plan was rejected: its roles stay.',
  simpleResolvers: true,
})
export class RejectSweepPayload {
  @Field(() => Sweep, { description: 'As it is now.' })
  readonly sweep!: Sweep;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

export function toSweep(view: SweepView): Sweep {
  return {
    id: view.id,
    clientId: view.clientId,
    kind: view.kind,
    state: view.state,
    dryRun: view.isDryRun,
    plan: view.plan && toSweepPlan(view.clientId, view.plan),
    checked: view.checked,
    drifted: view.drifted,
    changed: view.changed,
    failed: view.failed,
    decidedBy: view.decidedBy,
    decidedAt: view.decidedAt,
    reason: view.reason,
    startedAt: view.startedAt,
    finishedAt: view.finishedAt,
  };
}

function toSweepPlan(clientId: string, view: SweepPlanView): SweepPlan {
  return {
    hash: view.hash,
    removals: view.removals,
    additions: view.additions,
    calls: view.calls,
    seconds: Math.ceil(view.seconds),
    members: view.members.map((member) => toSweepPlanMember(clientId, member)),
  };
}

export function toSweepPlanMember(
  clientId: string,
  member: SweepPlanMemberView,
): SweepPlanMember {
  return {
    clientId,
    discordUserId: member.discordUserId,
    platformUserId: member.platformUserId,
    addIds: member.add,
    removeIds: member.remove,
    nickname: member.nickname ?? null,
    reason: member.reason,
  };
}
