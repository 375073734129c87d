import type { InputError } from '../../lib/errors.js';
import type { ApiContext } from '../context.js';
import { Ctx, Field, ID, Int, ObjectType } from '../decorators.js';
import {
  ErrorCodeEnum,
  FactVerdictEnum,
  MembershipChangeKindEnum,
  OutrankingKindEnum,
  type FactVerdictName,
  type OutrankingKind,
} from '../enums.js';
import { DateTime, Sequence } from '../scalars.js';
import {
  PlatformGroup,
  PlatformUser,
  toPlatformGroup,
  toPlatformUser,
} from './platform.types.js';

const WARNINGS = 'What the caller should know, though it was carried out.';

@ObjectType({
  description: 'Why an item was not carried out.',
  simpleResolvers: true,
})
export class ItemError {
  @Field(() => ErrorCodeEnum, { description: 'The kind.' })
  readonly code!: InputError['code'];

  @Field(() => String, { description: 'In a sentence.' })
  readonly message!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The place that is at fault, e.g. `input.changes[3].groupId`; null where it is not one of them.',
  })
  readonly field!: string | null;
}

@ObjectType({
  description:
    'A recorded fact that outranks an item of the list, or a part of it.',
  simpleResolvers: true,
})
export class OutrankingFact {
  @Field(() => OutrankingKindEnum, { description: 'What it is about.' })
  readonly kind!: OutrankingKind;

  @Field(() => ID, {
    nullable: true,
    description:
      'The group it is about; null when it is about the user or the group itself.',
  })
  readonly groupId!: string | null;

  @Field(() => MembershipChangeKindEnum, {
    nullable: true,
    description: 'Its effect on the membership; null without `groupId`.',
  })
  readonly change!: 'ADDED' | 'REMOVED' | null;

  @Field(() => Sequence, {
    nullable: true,
    description: 'Its sequence; null when it has none.',
  })
  readonly sequence!: number | null;

  @Field(() => DateTime, {
    description: 'When it happened; of a mutation, when it was received.',
  })
  readonly time!: Date;

  @Field(() => String, {
    nullable: true,
    description:
      'Of a deleted user: the caller or the event source that deleted it. Null for other kinds.',
  })
  readonly actor!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the same item wins if it is sent again without a sequence; null when only a higher sequence wins.',
  })
  readonly retryAt!: Date | null;
}

@ObjectType({
  description: 'What came of one item of the list.',
  simpleResolvers: true,
})
export class FactResult {
  @Field(() => Int, { description: 'Its place in the list, from 0.' })
  readonly index!: number;

  @Field(() => Boolean, {
    description: 'What the item says is so now; a repeated fact is fine.',
  })
  readonly ok!: boolean;

  @Field(() => FactVerdictEnum, { description: 'What came of it.' })
  readonly verdict!: FactVerdictName;

  @Field(() => ItemError, {
    nullable: true,
    description: 'Why it is not so; null when ok.',
  })
  readonly error!: ItemError | null;

  @Field(() => [OutrankingFact], {
    description:
      'The recorded facts that outrank the item: for a whole set, one for each group that it lost. Empty when ok.',
  })
  readonly outrankedBy!: readonly OutrankingFact[];
}

@ObjectType({
  description: 'How many items came to what.',
  simpleResolvers: true,
})
export class FactCounts {
  @Field(() => Int, { description: 'Facts that stand now.' })
  readonly applied!: number;

  @Field(() => Int, { description: 'Facts that stood already.' })
  readonly unchanged!: number;

  @Field(() => Int, { description: 'Facts that were outranked.' })
  readonly stale!: number;

  @Field(() => Int, { description: 'Facts that were outranked in part.' })
  readonly partial!: number;

  @Field(() => Int, { description: 'Items that cannot be read.' })
  readonly invalid!: number;
}

/** What a mutation answers; the rows that changed are loaded only if they are asked for. */
export interface FactsAnswer {
  readonly changedIds: readonly string[];
  readonly results: readonly FactResult[];
  readonly counts: FactCounts;
  readonly warnings: readonly string[];
}

@ObjectType({ description: 'Facts were recorded.' })
abstract class FactsPayload implements FactsAnswer {
  /** Whom the applied facts are about. */
  readonly changedIds!: readonly string[];

  @Field(() => [FactResult], {
    description: 'One for each item, in the order of the list.',
    simple: true,
  })
  readonly results!: readonly FactResult[];

  @Field(() => FactCounts, {
    description: 'The results, counted.',
    simple: true,
  })
  readonly counts!: FactCounts;

  @Field(() => [String], { description: WARNINGS, simple: true })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'Facts about users were recorded.' })
abstract class UserFactsPayload extends FactsPayload {
  @Field(() => [PlatformUser], {
    description: 'The users that changed, each once, as they are now.',
  })
  async platformUsers(@Ctx() context: ApiContext): Promise<PlatformUser[]> {
    const { platformUsers } = context.loaders;
    const views = await platformUsers.loadAll(this.changedIds);
    return views.flatMap((view) => (view ? [toPlatformUser(view)] : []));
  }

  @Field(() => Int, {
    description:
      'The members, at all clients, of the users that changed who wait for the path: their roles are not yet what this says. To see it go on, ask `DiscordClient.pendingMembers` again.',
  })
  async pendingMembers(@Ctx() context: ApiContext): Promise<number> {
    const { pendingOfPlatformUser } = context.loaders;
    const counts = await pendingOfPlatformUser.loadAll(this.changedIds);
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

@ObjectType({ description: 'Changes of memberships were recorded.' })
export class RecordMembershipChangesPayload extends UserFactsPayload {}

@ObjectType({ description: 'Whole sets of groups were recorded.' })
export class ReplaceMembershipsPayload extends UserFactsPayload {}

@ObjectType({ description: 'Platform users were created or changed.' })
export class UpsertPlatformUsersPayload extends UserFactsPayload {}

@ObjectType({ description: 'Groups were created or changed.' })
export class UpsertPlatformGroupsPayload extends FactsPayload {
  @Field(() => [PlatformGroup], {
    description: 'The groups that changed, each once, as they are now.',
  })
  async platformGroups(@Ctx() context: ApiContext): Promise<PlatformGroup[]> {
    const { platformGroups } = context.loaders;
    const views = await platformGroups.loadAll(this.changedIds);
    return views.flatMap((view) => (view ? [toPlatformGroup(view)] : []));
  }
}

@ObjectType({
  description: 'A platform user was deleted.',
  simpleResolvers: true,
})
export class DeletePlatformUserPayload {
  @Field(() => PlatformUser, {
    nullable: true,
    description: 'What is kept of the user.',
  })
  readonly platformUser!: PlatformUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'The deletion of a platform user was lifted.',
  simpleResolvers: true,
})
export class RestorePlatformUserPayload {
  @Field(() => PlatformUser, {
    nullable: true,
    description: 'The user: an id without a name, groups or links.',
  })
  readonly platformUser!: PlatformUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}
