import type { InputError } from '../../lib/errors.js';
import type { ApiContext } from '../context.js';
import { Ctx, Field, ID, Int, ObjectType, Payload, ResultOf } from '../kit/decorators.js';
import {
  ErrorCodeEnum,
  FactVerdictEnum,
  type FactVerdictName,
  type MembershipChangeKind,
  MembershipChangeKindEnum,
  type OutrankingKind,
  OutrankingKindEnum,
} from '../kit/enums.js';
import { DateTime, Sequence } from '../kit/scalars.js';
import { PlatformGroup, PlatformUser } from './platform.types.js';

@ObjectType({ description: 'Why an item was rejected.', simpleResolvers: true })
class ItemError {
  @Field(() => ErrorCodeEnum, { description: 'The error code.' })
  readonly code!: InputError['code'];

  @Field(() => String, { description: 'The error in a sentence.' })
  readonly message!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Path of the field at fault, e.g. `input.changes[3].groupId`. Null if no field is.',
  })
  readonly field!: string | null;
}

@ObjectType({
  description: 'A recorded fact that outranks an item of the list or part of it.',
  simpleResolvers: true,
})
export class OutrankingFact {
  @Field(() => OutrankingKindEnum, { description: 'What the recorded fact is about.' })
  readonly kind!: OutrankingKind;

  @Field(() => ID, {
    nullable: true,
    description:
      'The group of a membership. Null if the recorded fact is about the user or a group itself.',
  })
  readonly groupId!: string | null;

  @Field(() => MembershipChangeKindEnum, {
    nullable: true,
    description: 'How the recorded fact changed the membership. Null if `groupId` is null.',
  })
  readonly change!: MembershipChangeKind | null;

  @Field(() => Sequence, {
    nullable: true,
    description: "The recorded fact's sequence. Null if it has none.",
  })
  readonly sequence!: number | null;

  @Field(() => DateTime, {
    description: 'Time of the recorded fact; for a mutation, when it was received.',
  })
  readonly time!: Date;

  @Field(() => String, {
    nullable: true,
    description:
      'The caller or event source that deleted the user. Null if the recorded fact is not a deletion.',
  })
  readonly actor!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Time from which the same item wins if sent again without a sequence. Null if only a higher sequence wins.',
  })
  readonly retryAt!: Date | null;
}

@ObjectType({ description: 'The result for one item of the list.', simpleResolvers: true })
export class FactResult {
  @Field(() => Int, { description: 'Index of the item in the list, from 0.' })
  readonly index!: number;

  @Field(() => Boolean, {
    description: 'True if the fact is in effect, even if it had already been recorded.',
  })
  readonly ok!: boolean;

  @Field(() => FactVerdictEnum, { description: 'The result.' })
  readonly verdict!: FactVerdictName;

  @Field(() => ItemError, {
    nullable: true,
    description: 'Why the item was rejected. Null if `ok`.',
  })
  readonly error!: ItemError | null;

  @Field(() => [OutrankingFact], {
    description:
      'The recorded facts that outrank the item; for a complete set, one per rejected group. Empty if `ok`.',
  })
  readonly outrankedBy!: readonly OutrankingFact[];
}

@ObjectType({ description: 'Number of items by result.', simpleResolvers: true })
export class FactCounts {
  @Field(() => Int, { description: 'Facts that were recorded.' })
  readonly applied!: number;

  @Field(() => Int, { description: 'Facts that were already recorded.' })
  readonly unchanged!: number;

  @Field(() => Int, { description: 'Facts that were outranked.' })
  readonly stale!: number;

  @Field(() => Int, { description: 'Facts that were partly outranked.' })
  readonly partial!: number;

  @Field(() => Int, { description: 'Invalid items.' })
  readonly invalid!: number;
}

/** The result of a facts mutation. The changed users or groups are loaded only if selected. */
export interface FactsAnswer {
  readonly changedIds: readonly string[];
  readonly results: readonly FactResult[];
  readonly counts: FactCounts;
  readonly warnings: readonly string[];
}

@ObjectType({ description: 'The result of recording facts.' })
abstract class FactsPayload extends Payload implements FactsAnswer {
  /** Ids of the users or groups that the applied facts are about. */
  readonly changedIds!: readonly string[];

  @Field(() => [FactResult], {
    description: 'One result per item, in the order of the list.',
    simple: true,
  })
  readonly results!: readonly FactResult[];

  @Field(() => FactCounts, { description: 'Number of items by result.', simple: true })
  readonly counts!: FactCounts;
}

@ObjectType({ description: 'The result of recording facts about users.' })
abstract class UserFactsPayload extends FactsPayload {
  @Field(() => [PlatformUser], {
    description: 'The users that changed, each once, in their current state.',
  })
  async platformUsers(@Ctx() context: ApiContext): Promise<PlatformUser[]> {
    const { platformUsers } = context.loaders;
    const users = await platformUsers.loadAll(this.changedIds);
    return users.filter((user) => user !== undefined);
  }

  @Field(() => Int, {
    description:
      'How many members (counted at all clients) of the changed users wait for a reconcile. Poll `DiscordClient.pendingMembers` for progress.',
  })
  async pendingMembers(@Ctx() context: ApiContext): Promise<number> {
    const { pendingOfPlatformUser } = context.loaders;
    const counts = await pendingOfPlatformUser.loadAll(this.changedIds);
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

@ObjectType({ description: 'The result of `recordMembershipChanges`.' })
export class RecordMembershipChangesPayload extends UserFactsPayload {}

@ObjectType({ description: 'The result of `replaceMemberships`.' })
export class ReplaceMembershipsPayload extends UserFactsPayload {}

@ObjectType({ description: 'The result of `upsertPlatformUsers`.' })
export class UpsertPlatformUsersPayload extends UserFactsPayload {}

@ObjectType({ description: 'The result of `upsertPlatformGroups`.' })
export class UpsertPlatformGroupsPayload extends FactsPayload {
  @Field(() => [PlatformGroup], {
    description: 'The groups that changed, each once, in their current state.',
  })
  async platformGroups(@Ctx() context: ApiContext): Promise<PlatformGroup[]> {
    const { platformGroups } = context.loaders;
    const groups = await platformGroups.loadAll(this.changedIds);
    return groups.filter((group) => group !== undefined);
  }
}

@ResultOf('deletePlatformUser')
export class DeletePlatformUserPayload extends Payload {
  @Field(() => PlatformUser, {
    nullable: true,
    description: 'The user after the deletion. Null if nothing about the user is stored.',
  })
  readonly platformUser!: PlatformUser | null;
}

@ResultOf('restorePlatformUser')
export class RestorePlatformUserPayload extends Payload {
  @Field(() => PlatformUser, {
    nullable: true,
    description: 'The restored user, which has an id but no name, groups or links.',
  })
  readonly platformUser!: PlatformUser | null;
}
