import { Field, ID, InputType } from '../decorators.js';
import { MembershipChangeKindEnum } from '../enums.js';
import { Sequence } from '../scalars.js';

const SEQUENCE =
  'Its place in the order of facts about this user and group: any with a sequence outranks any without. Without: the moment at which the database receives it.';

@InputType({ description: 'A membership that was added or removed.' })
export class MembershipChangeInput {
  @Field(() => ID, { description: "The user: the platform's id." })
  readonly platformUserId!: string;

  @Field(() => ID, { description: "The group: the platform's id." })
  readonly groupId!: string;

  @Field(() => MembershipChangeKindEnum, { description: 'What happened.' })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Memberships that changed.' })
export class RecordMembershipChangesInput {
  @Field(() => [MembershipChangeInput], {
    description:
      'Up to 5,000. The same user and group may stand twice only if sequences say which is later: else none of the two counts.',
  })
  readonly changes!: readonly MembershipChangeInput[];
}

@InputType({ description: "A user's whole set of groups." })
export class MembershipSetInput {
  @Field(() => ID, { description: "The user: the platform's id." })
  readonly platformUserId!: string;

  @Field(() => [ID], {
    description:
      'Every group that holds the user: all others are known not to from now on. A group that is named twice counts once.',
  })
  readonly groupIds!: readonly string[];

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Whole sets of groups, by user.' })
export class ReplaceMembershipsInput {
  @Field(() => [MembershipSetInput], {
    description:
      'Up to 5,000 users, each once, with up to 5,000 groups each; one that stands twice does not count at all.',
  })
  readonly users!: readonly MembershipSetInput[];
}

@InputType({ description: 'What the platform says of a user, for nicknames.' })
export class PlatformUserAttributesInput {
  @Field(() => String, {
    nullable: true,
    description:
      'The name of the primary character. Left out: unchanged; null or empty: the user has none.',
  })
  readonly character?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The corporation's ticker. Left out: unchanged; null or empty: the user has none.",
  })
  readonly corporation?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The alliance's ticker. Left out: unchanged; null or empty: the user has none.",
  })
  readonly alliance?: string | null;
}

@InputType({ description: 'A platform user as the platform has it now.' })
export class PlatformUserInput {
  @Field(() => ID, { description: "The platform's; opaque." })
  readonly id!: string;

  @Field(() => String, { description: 'The name.' })
  readonly username!: string;

  @Field(() => PlatformUserAttributesInput, {
    nullable: true,
    description: 'For nicknames; left out: they stay as they are.',
  })
  readonly attributes?: PlatformUserAttributesInput | null;
}

@InputType({ description: 'Users to create or change.' })
export class UpsertPlatformUsersInput {
  @Field(() => [PlatformUserInput], { description: 'Up to 5,000, each once.' })
  readonly users!: readonly PlatformUserInput[];
}

@InputType({ description: 'A group as the platform has it now.' })
export class PlatformGroupInput {
  @Field(() => ID, { description: "The platform's; opaque." })
  readonly id!: string;

  @Field(() => String, { description: 'The name.' })
  readonly name!: string;
}

@InputType({ description: 'Groups to create or change.' })
export class UpsertPlatformGroupsInput {
  @Field(() => [PlatformGroupInput], { description: 'Up to 5,000, each once.' })
  readonly groups!: readonly PlatformGroupInput[];
}

@InputType({
  description:
    'A platform user to delete: its links end, and facts about it no longer count until an admin restores it.',
})
export class DeletePlatformUserInput {
  @Field(() => ID, { description: "The user: the platform's id." })
  readonly platformUserId!: string;
}

@InputType({ description: 'A deleted platform user to restore.' })
export class RestorePlatformUserInput {
  @Field(() => ID, { description: "The user: the platform's id." })
  readonly platformUserId!: string;
}
