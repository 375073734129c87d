import { Field, ID, InputType } from '../kit/decorators.js';
import { MembershipChangeKindEnum } from '../kit/enums.js';
import { Sequence } from '../kit/scalars.js';

const SEQUENCE =
  "The fact's position in the order of facts about this user and group. A fact with a sequence outranks any without. When omitted, the fact is ordered by the time the database receives it.";

@InputType({ description: 'A membership that was added or removed.' })
export class MembershipChangeInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => MembershipChangeKindEnum, {
    description: 'Whether the user was added to the group or removed from it.',
  })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Membership changes.' })
export class RecordMembershipChangesInput {
  @Field(() => [MembershipChangeInput], {
    description:
      'Up to 5,000 changes. Two changes of the same user and group both need a sequence; without one, both are rejected.',
  })
  readonly changes!: readonly MembershipChangeInput[];
}

@InputType({ description: "The complete set of a user's groups." })
export class MembershipSetInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;

  @Field(() => [ID], {
    description:
      'Ids of every group the user is in. The user is known not to be in any other group. A repeated id counts once.',
  })
  readonly groupIds!: readonly string[];

  @Field(() => Sequence, { nullable: true, description: SEQUENCE })
  readonly sequence?: number | null;
}

@InputType({ description: 'Complete sets of groups by user.' })
export class ReplaceMembershipsInput {
  @Field(() => [MembershipSetInput], {
    description: 'Up to 5,000 users with up to 5,000 groups each. A user listed twice is rejected.',
  })
  readonly users!: readonly MembershipSetInput[];
}

@InputType({ description: 'Attributes of a platform user, used in nicknames.' })
export class PlatformUserAttributesInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Name of the primary character. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly character?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the corporation. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly corporation?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the alliance. Omitted: unchanged. Null or empty: the user has none.',
  })
  readonly alliance?: string | null;
}

@InputType({ description: 'The current state of a platform user.' })
export class PlatformUserInput {
  @Field(() => ID, { description: "The user's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Field(() => String, { description: 'The user name.' })
  readonly username!: string;

  @Field(() => PlatformUserAttributesInput, {
    nullable: true,
    description: 'Attributes used in nicknames. Omitted: unchanged.',
  })
  readonly attributes?: PlatformUserAttributesInput | null;
}

@InputType({ description: 'Users to create or update.' })
export class UpsertPlatformUsersInput {
  @Field(() => [PlatformUserInput], { description: 'Up to 5,000 users, each listed once.' })
  readonly users!: readonly PlatformUserInput[];
}

@InputType({ description: 'The current state of a group.' })
export class PlatformGroupInput {
  @Field(() => ID, { description: "The group's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Field(() => String, { description: "The group's name." })
  readonly name!: string;
}

@InputType({ description: 'Groups to create or update.' })
export class UpsertPlatformGroupsInput {
  @Field(() => [PlatformGroupInput], { description: 'Up to 5,000 groups, each listed once.' })
  readonly groups!: readonly PlatformGroupInput[];
}

@InputType({
  description:
    'The platform user to delete. Its links end, and facts about it are ignored until an admin restores it.',
})
export class DeletePlatformUserInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;
}

@InputType({ description: 'The deleted platform user to restore.' })
export class RestorePlatformUserInput {
  @Field(() => ID, { description: "The platform user's id, issued by the platform." })
  readonly platformUserId!: string;
}
