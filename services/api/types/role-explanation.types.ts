import type { Authority } from '../../model.js';
import { Field, ID, ObjectType } from '../decorators.js';
import { AuthorityEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type { RoleBlock } from '../role-block.js';
import type { RoleExplanationView } from '../views.js';
import { AuditCause, toAuditCause } from './audit-record.types.js';
import {
  DesiredRoleEnum,
  MembershipKnowledgeEnum,
  RoleBlockEnum,
  RoleChangeKindEnum,
} from './role-explanation-enums.js';

@ObjectType({
  description: 'A mapping of the role, as it stands for the person.',
  simpleResolvers: true,
})
export class ExplainedMapping {
  readonly mappingId!: string;
  readonly groupId!: string;

  @Field(() => AuthorityEnum, { description: 'Who has the say.' })
  readonly authority!: Authority;

  @Field(() => Boolean, {
    description:
      'It gives nothing any more, and stays until all is taken back.',
  })
  readonly isRetired!: boolean;

  @Field(() => MembershipKnowledgeEnum, {
    description:
      'Whether the person is in the group; UNKNOWN where the link is ending.',
  })
  readonly membership!: RoleExplanationView['mappings'][number]['membership'];
}

@ObjectType({
  description: 'What the connector last did with the role of this account.',
  simpleResolvers: true,
})
export class ExplainedChange {
  @Field(() => ID, { description: 'Of the `AuditRecord` that tells it all.' })
  readonly auditRecordId!: string;

  @Field(() => RoleChangeKindEnum, { description: 'What it did.' })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => DateTime, { description: 'When.' })
  readonly at!: Date;

  @Field(() => AuditCause, {
    nullable: true,
    description:
      'Why: of several causes the newest about a mapped group, else the newest.',
  })
  readonly cause!: AuditCause | null;
}

@ObjectType({
  description:
    'Why a person has, or has not, a role; from what is kept, nothing is asked of Discord.',
  simpleResolvers: true,
})
export class RoleExplanation {
  readonly linkId!: string;

  @Field(() => Snowflake, { description: "The role: Discord's id." })
  readonly roleId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'As Discord shows it; null when the role was never read.',
  })
  readonly roleName!: string | null;

  @Field(() => Boolean, {
    description:
      'A mapping names it. False: the role is foreign, the connector neither gives nor takes it.',
  })
  readonly isManaged!: boolean;

  @Field(() => DesiredRoleEnum, {
    description: 'Whether the person should have it.',
  })
  readonly desired!: RoleExplanationView['desired'];

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the account has it, as last seen at Discord; null: it was never seen.',
  })
  readonly isHeld!: boolean | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last observed; null: never.',
  })
  readonly seenAt!: Date | null;

  @Field(() => [ExplainedMapping], {
    description: 'The mappings that name the role, active and retired.',
  })
  readonly mappings!: readonly ExplainedMapping[];

  @Field(() => ExplainedChange, {
    nullable: true,
    description:
      'Null: the connector never gave it to this account or took it.',
  })
  readonly lastChange!: ExplainedChange | null;

  @Field(() => [RoleBlockEnum], {
    description:
      'What stands between the person and the role, or between the role and its being taken back; in the order in which to mend it. Empty where all is as it should be, and for foreign roles.',
  })
  readonly blockedBy!: readonly RoleBlock[];

  @Field(() => [String], {
    description:
      'What would unblock it: a sentence for each of `blockedBy`, in its order.',
  })
  readonly unblockedBy!: readonly string[];

  @Field(() => String, {
    description: 'All of it in a sentence or two, to be shown to the person.',
  })
  readonly sentence!: string;
}

export function toRoleExplanation(
  linkId: string,
  { lastChange, ...view }: RoleExplanationView,
): RoleExplanation {
  return {
    ...view,
    linkId,
    lastChange: lastChange && {
      ...lastChange,
      cause: lastChange.cause && toAuditCause(lastChange.cause),
    },
  };
}
