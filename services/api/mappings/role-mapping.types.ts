import type { Authority } from '../../model.js';
import { Field, ID, Int, ObjectType } from '../kit/decorators.js';
import { AuthorityEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import type { MappingView } from '../kit/views.js';
import { SweepPlanMemberType, toSweepPlanMember } from '../sweeps/sweep.types.js';
import type { MappingEffect as MappingEffectView } from '../sweeps/sweep-ports.js';

@ObjectType({
  description: 'Maps a group to a role: members of the group get the role.',
  simpleResolvers: true,
})
export class RoleMapping {
  readonly clientId!: string;

  @Field(() => ID, { description: "The mapping's id, a UUID." })
  readonly id!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    description:
      "Which side decides who holds the role: the mapping's own authority, or the client's.",
  })
  readonly authority!: Authority;

  @Field(() => DateTime, { description: 'When the mapping was created.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the mapping was retired: it stays until its role is removed. Null: active.',
  })
  readonly retiredAt!: Date | null;
}

@ObjectType('MappingEffect', {
  description:
    "The effect of a change on members, in the terms of a sweep's plan. Computed before the change from the last observed state.",
  simpleResolvers: true,
})
export class MappingEffectType {
  @Field(() => Int, { description: 'Number of linked members who would get the role.' })
  readonly additions!: number;

  @Field(() => Int, { description: 'Number of linked members who would lose the role.' })
  readonly removals!: number;

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

export function toMappingEffect(clientId: string, effect: MappingEffectView): MappingEffectType {
  const members = effect.members.map((member) => toSweepPlanMember(clientId, member));
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
