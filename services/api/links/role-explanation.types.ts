import type { Authority, RoleBlock } from '../../model.js';
import { Field, ID, ObjectType } from '../kit/decorators.js';
import { AuthorityEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import type { RoleExplanationView } from '../kit/views.js';
import { AuditCause, toAuditCause } from '../audit/audit-record.types.js';
import {
  DesiredRoleEnum,
  MembershipKnowledgeEnum,
  RoleBlockEnum,
  RoleChangeKindEnum,
} from './role-explanation-enums.js';

@ObjectType({
  description: 'A mapping of the role, as it applies to the person.',
  simpleResolvers: true,
})
export class ExplainedMapping {
  readonly mappingId!: string;
  readonly groupId!: string;

  @Field(() => AuthorityEnum, { description: 'Which side decides who holds the role.' })
  readonly authority!: Authority;

  @Field(() => Boolean, {
    description:
      'True if the mapping is retired: it grants nothing and stays until its role is removed from all holders.',
  })
  readonly isRetired!: boolean;

  @Field(() => MembershipKnowledgeEnum, {
    description: 'Whether the person is in the group. UNKNOWN if the link is ending.',
  })
  readonly membership!: RoleExplanationView['mappings'][number]['membership'];
}

@ObjectType({
  description: "The connector's last change of this role for this account.",
  simpleResolvers: true,
})
export class ExplainedChange {
  @Field(() => ID, { description: 'The id of the `AuditRecord` with the details.' })
  readonly auditRecordId!: string;

  @Field(() => RoleChangeKindEnum, { description: 'What the connector did.' })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => DateTime, { description: 'When.' })
  readonly at!: Date;

  @Field(() => AuditCause, {
    nullable: true,
    description: 'The cause. Of several causes, the newest about a mapped group, else the newest.',
  })
  readonly cause!: AuditCause | null;
}

@ObjectType('RoleExplanation', {
  description: 'Why a person has or lacks a role, based on stored data. Does not call Discord.',
  simpleResolvers: true,
})
export class RoleExplanationType {
  readonly linkId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The name at Discord. Null if the role was never read.',
  })
  readonly roleName!: string | null;

  @Field(() => Boolean, {
    description:
      'True if a mapping names the role. False: a foreign role, which the connector never changes.',
  })
  readonly isMapped!: boolean;

  @Field(() => DesiredRoleEnum, { description: 'Whether the person should have the role.' })
  readonly desired!: RoleExplanationView['desired'];

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the account was last observed with the role. Null: never observed.',
  })
  readonly isHeld!: boolean | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last observed. Null: never.',
  })
  readonly seenAt!: Date | null;

  @Field(() => [ExplainedMapping], {
    description: 'The mappings that name the role, active and retired.',
  })
  readonly mappings!: readonly ExplainedMapping[];

  @Field(() => ExplainedChange, {
    nullable: true,
    description: 'The last change. Null if the connector never changed this role for this account.',
  })
  readonly lastChange!: ExplainedChange | null;

  @Field(() => [RoleBlockEnum], {
    description:
      'What prevents the person from having the role, or the role from being removed, in the order to fix it. Empty if nothing does, and for foreign roles.',
  })
  readonly blockedBy!: readonly RoleBlock[];

  @Field(() => [String], {
    description: 'How to unblock it: one sentence per item of `blockedBy`, in the same order.',
  })
  readonly unblockedBy!: readonly string[];

  @Field(() => String, {
    description: 'The whole explanation in one or two sentences, suitable for the person.',
  })
  readonly sentence!: string;
}

export function toRoleExplanation(
  linkId: string,
  { lastChange, ...view }: RoleExplanationView,
): RoleExplanationType {
  return {
    ...view,
    linkId,
    lastChange: lastChange && {
      ...lastChange,
      cause: lastChange.cause && toAuditCause(lastChange.cause),
    },
  };
}
