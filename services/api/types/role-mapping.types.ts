import type { Authority } from '../../model.js';
import { Field, ID, Int, ObjectType } from '../decorators.js';
import { AuthorityEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type {
  MappingEffect as MappingEffectView,
  MappingView,
} from '../views.js';
import { SweepPlanMember, toSweepPlanMember } from './sweep.types.js';

@ObjectType({
  description: 'Members of this group shall have this role.',
  simpleResolvers: true,
})
export class RoleMapping {
  readonly clientId!: string;

  @Field(() => ID, { description: 'Ours, a UUID.' })
  readonly id!: string;

  @Field(() => ID, { description: "The group: the platform's id." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role: Discord's id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    description:
      "Who has the say: the client's, unless the mapping has its own.",
  })
  readonly authority!: Authority;

  @Field(() => DateTime, { description: 'When it was made.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Set when it is retired: it stays until its role is taken back. Null: active.',
  })
  readonly retiredAt!: Date | null;
}

@ObjectType({
  description:
    "What a change means for people, in the terms of a sweep's plan: looked at before it is made, as the mirror shows them.",
  simpleResolvers: true,
})
export class MappingEffect {
  @Field(() => Int, {
    description: 'Linked members who would be given the role.',
  })
  readonly additions!: number;

  @Field(() => Int, {
    description: 'Linked members from whom it would be taken.',
  })
  readonly removals!: number;

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

export function toMappingEffect(
  clientId: string,
  effect: MappingEffectView,
): MappingEffect {
  const members = effect.members.map((member) =>
    toSweepPlanMember(clientId, member),
  );
  return { ...effect, members };
}

export function toRoleMapping(view: MappingView): RoleMapping {
  return {
    id: view.id,
    clientId: view.clientId,
    groupId: view.groupId,
    roleId: view.roleId,
    authority: view.authority,
    createdAt: view.createdAt,
    retiredAt: view.retiredAt,
  };
}
