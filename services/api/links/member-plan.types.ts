import { Field, ObjectType } from '../kit/decorators.js';
import { MembershipChangeKindEnum } from '../kit/enums.js';
import { DateTime } from '../kit/scalars.js';

@ObjectType('MemberPlan', {
  description:
    'What the next reconcile would change for one member, based on the last observation. Does not call Discord.',
  simpleResolvers: true,
})
export class MemberPlanType {
  readonly clientId!: string;
  readonly linkId!: string;
  readonly add!: readonly string[];
  readonly remove!: readonly string[];
  /** Roles to grant once the member has passed Discord's membership screening. */
  readonly waiting!: readonly string[];
  /** Removals that the guard would hold. */
  readonly held!: readonly string[];
  /** Mapped roles that stay because a mapped group is not known for this person. */
  readonly unknown!: readonly string[];
  readonly blocked!: readonly Omit<BlockedRoleType, 'clientId'>[];
  readonly requests!: readonly Omit<PlannedRequest, 'clientId'>[];

  @Field(() => String, {
    nullable: true,
    description: 'The nickname to set. Empty: it will be reset. Null: unchanged.',
  })
  readonly nickname!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the nickname policy cannot be applied to this person. Null if it can.',
  })
  readonly nicknameBlocked!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last observed. Null: never.',
  })
  readonly observedAt!: Date | null;

  @Field(() => String, { description: 'The plan in one sentence.' })
  readonly summary!: string;
}

@ObjectType({
  description:
    'A membership change the platform would be asked for, where Discord has authority over a role.',
  simpleResolvers: true,
})
export class PlannedRequest {
  readonly clientId!: string;
  readonly groupId!: string;
  readonly roleId!: string;

  @Field(() => MembershipChangeKindEnum, { description: 'The requested membership.' })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => Boolean, {
    description: 'True if the removal guard would hold the request for approval.',
  })
  readonly isHeld!: boolean;
}

@ObjectType('BlockedRole', {
  description: 'A role the plan would change but the bot cannot.',
  simpleResolvers: true,
})
export class BlockedRoleType {
  readonly clientId!: string;
  readonly roleId!: string;

  @Field(() => String, { description: 'Why the bot cannot change the role.' })
  readonly refusal!: string;
}
