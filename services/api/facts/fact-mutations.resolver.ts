import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { Cause, FactOutcome, PlatformFact } from '../../model.js';
import { requireUnlimited } from '../access/access.js';
import { requestCause, type ApiContext } from '../context.js';
import { Arg, Authorized, Ctx, Mutation, Resolver } from '../kit/decorators.js';
import {
  changedIds,
  countResults,
  describeLosses,
  factResults,
  factWarnings,
  type NameGroup,
} from './fact-results.js';
import { checkPlatformId, saidOf } from '../kit/checks.js';
import {
  DeletePlatformUserInput,
  type FactList,
  groupChanges,
  membershipChanges,
  membershipSets,
  RecordMembershipChangesInput,
  ReplaceMembershipsInput,
  RestorePlatformUserInput,
  UpsertPlatformGroupsInput,
  UpsertPlatformUsersInput,
  userChanges,
  userDeleted,
} from './platform-facts.js';
import { forgetRows } from '../kit/loaders.js';
import type { FactPort } from './ports.js';
import {
  DeletePlatformUserPayload,
  RecordMembershipChangesPayload,
  ReplaceMembershipsPayload,
  RestorePlatformUserPayload,
  UpsertPlatformGroupsPayload,
  UpsertPlatformUsersPayload,
  type FactsAnswer,
} from './fact-payloads.types.js';

@Resolver()
export class FactMutationsResolver {
  constructor(private readonly facts: FactPort) {}

  @Authorized('discord:write')
  @Mutation(() => RecordMembershipChangesPayload, {
    description:
      'Records membership changes. Unknown users and groups are created without a name. Each item has its own result; an item that loses to a newer fact has the code CONFLICT.',
  })
  recordMembershipChanges(
    @Ctx() context: ApiContext,
    @Arg('input', () => RecordMembershipChangesInput, { description: 'The changes.' })
    input: RecordMembershipChangesInput,
  ): Promise<FactsAnswer> {
    const facts = membershipChanges(input.changes, receive(context));
    return this.apply(context, facts, (fact) => fact.platformUserId);
  }

  @Authorized('discord:write')
  @Mutation(() => ReplaceMembershipsPayload, {
    description:
      'Records the complete set of groups of each user: the user is known not to be in any other group. Each item has its own result; an item that loses to a newer fact has the code CONFLICT.',
  })
  replaceMemberships(
    @Ctx() context: ApiContext,
    @Arg('input', () => ReplaceMembershipsInput, { description: 'The sets.' })
    input: ReplaceMembershipsInput,
  ): Promise<FactsAnswer> {
    const facts = membershipSets(input.users, receive(context));
    return this.apply(context, facts, (fact) => fact.platformUserId);
  }

  @Authorized('discord:write')
  @Mutation(() => UpsertPlatformUsersPayload, {
    description:
      'Creates or updates platform users. Each item has its own result; an item that loses to a newer fact has the code CONFLICT.',
  })
  upsertPlatformUsers(
    @Ctx() context: ApiContext,
    @Arg('input', () => UpsertPlatformUsersInput, { description: 'The users.' })
    input: UpsertPlatformUsersInput,
  ): Promise<FactsAnswer> {
    const facts = userChanges(input.users, receive(context));
    return this.apply(context, facts, (fact) => fact.platformUserId);
  }

  @Authorized('discord:write')
  @Mutation(() => UpsertPlatformGroupsPayload, {
    description:
      'Creates or updates groups of the platform. Each item has its own result; an item that loses to a newer fact has the code CONFLICT.',
  })
  upsertPlatformGroups(
    @Ctx() context: ApiContext,
    @Arg('input', () => UpsertPlatformGroupsInput, { description: 'The groups.' })
    input: UpsertPlatformGroupsInput,
  ): Promise<FactsAnswer> {
    const facts = groupChanges(input.groups, receive(context));
    return this.apply(context, facts, (fact) => fact.groupId);
  }

  @Authorized('discord:write')
  @Mutation(() => DeletePlatformUserPayload, {
    description:
      'Deletes a platform user: its links end at every client, and facts about it are ignored until `restorePlatformUser`. Errors: FORBIDDEN for keys limited to clients.',
  })
  async deletePlatformUser(
    @Ctx() context: ApiContext,
    @Arg('input', () => DeletePlatformUserInput, { description: 'The user.' })
    input: DeletePlatformUserInput,
  ): Promise<DeletePlatformUserPayload> {
    const fact = userDeleted(input.platformUserId, receive(context));
    const [outcome] = await this.facts.applyFacts([fact]);
    forgetRows(context.loaders);
    if (outcome?.verdict === 'stale')
      throw new InputError(
        'CONFLICT',
        describeLosses(outcome, await groupNamer(context, [outcome])),
      );
    const platformUser = (await context.loaders.platformUsers.load(fact.platformUserId)) ?? null;
    return {
      platformUser,
      warnings: outcome?.verdict === 'unchanged' ? ['The user was already deleted.'] : [],
    };
  }

  @Authorized('discord:admin')
  @Mutation(() => RestorePlatformUserPayload, {
    description:
      'Restores a deleted platform user. Only the id is restored, without name, memberships or links; links that are ending still end. Facts and deletions not newer than the lifted deletion are rejected. Errors: NOT_FOUND if the user was never reported, FORBIDDEN for keys limited to clients.',
  })
  async restorePlatformUser(
    @Ctx() context: ApiContext,
    @Arg('input', () => RestorePlatformUserInput, { description: 'The user.' })
    input: RestorePlatformUserInput,
  ): Promise<RestorePlatformUserPayload> {
    receive(context);
    const field = 'input.platformUserId';
    const platformUserId = checkPlatformId(input.platformUserId, field);
    const isRestored = await this.facts.restoreUser(platformUserId);
    forgetRows(context.loaders);
    const platformUser = (await context.loaders.platformUsers.load(platformUserId)) ?? null;
    return {
      platformUser,
      warnings: isRestored ? [] : ['The user is not deleted. Nothing changed.'],
    };
  }

  private async apply<Fact extends PlatformFact>(
    context: ApiContext,
    items: FactList<Fact>,
    idOf: (fact: Fact) => string,
  ): Promise<FactsAnswer> {
    const facts = saidOf(items);
    const outcomes = facts.length === 0 ? [] : await this.facts.applyFacts(facts);
    forgetRows(context.loaders);
    const nameGroup = await groupNamer(context, outcomes);
    const results = factResults(items, outcomes, nameGroup);
    return {
      results,
      counts: countResults(results),
      changedIds: changedIds(facts, outcomes, idOf),
      warnings: factWarnings(items, outcomes, nameGroup),
    };
  }
}

/**
 * Names the groups that answers to these facts are about: one statement, and none where all facts
 * were recorded.
 */
async function groupNamer(
  { loaders }: ApiContext,
  outcomes: readonly FactOutcome[],
): Promise<NameGroup> {
  const ids = outcomes.flatMap(({ losses, deletedGroupIds = [] }) => [
    ...losses.flatMap(({ groupId }) => groupId ?? []),
    ...deletedGroupIds,
  ]);
  const groups = await loaders.platformGroups.loadAll([...new Set(ids)]);
  const names = new Map(groups.map((group) => [group?.id, group?.name]));
  return (id) => named('group', id, names.get(id));
}

/** Facts are about users and groups, which all clients share. */
function receive(context: ApiContext): Cause {
  requireUnlimited(context, 'platform facts affect every client');
  return requestCause(context);
}
