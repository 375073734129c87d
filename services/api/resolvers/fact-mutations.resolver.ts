import { InputError } from '../../lib/errors.js';
import type { Cause, PlatformFact } from '../../model.js';
import { requireUnlimited } from '../auth/access.js';
import { causeOf, type ApiContext } from '../context.js';
import { Arg, Authorized, Ctx, Mutation, Resolver } from '../decorators.js';
import {
  changedIds,
  countResults,
  factResults,
  factWarnings,
} from '../fact-results.js';
import { describeLosses } from '../fact-losses.js';
import { checkPlatformId } from '../inputs/checks.js';
import {
  DeletePlatformUserInput,
  RecordMembershipChangesInput,
  ReplaceMembershipsInput,
  RestorePlatformUserInput,
  UpsertPlatformGroupsInput,
  UpsertPlatformUsersInput,
} from '../inputs/facts.input.js';
import { saidOf } from '../item-faults.js';
import { forgetRows } from '../loaders.js';
import {
  groupChanges,
  membershipChanges,
  membershipSets,
  userChanges,
  userDeleted,
  type FactList,
} from '../platform-facts.js';
import type { FactPort } from '../ports.js';
import {
  DeletePlatformUserPayload,
  RecordMembershipChangesPayload,
  ReplaceMembershipsPayload,
  RestorePlatformUserPayload,
  UpsertPlatformGroupsPayload,
  UpsertPlatformUsersPayload,
  type FactsAnswer,
} from '../types/fact-payloads.types.js';
import { toPlatformUser } from '../types/platform.types.js';

@Resolver()
export class FactMutationsResolver {
  constructor(private readonly facts: FactPort) {}

  @Authorized('discord:write')
  @Mutation(() => RecordMembershipChangesPayload, {
    description:
      'Tells which memberships were added or removed. Users and groups never seen before are created nameless.',
  })
  recordMembershipChanges(
    @Ctx() context: ApiContext,
    @Arg('input', () => RecordMembershipChangesInput, {
      description: 'The changes.',
    })
    input: RecordMembershipChangesInput,
  ): Promise<FactsAnswer> {
    const facts = membershipChanges(input.changes, receive(context));
    return this.apply(context, facts, (fact) => fact.platformUserId);
  }

  @Authorized('discord:write')
  @Mutation(() => ReplaceMembershipsPayload, {
    description:
      "Tells users' whole sets of groups: all other groups are known not to hold them.",
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
    description: 'Creates or changes platform users.',
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
    description: 'Creates or changes groups of the platform.',
  })
  upsertPlatformGroups(
    @Ctx() context: ApiContext,
    @Arg('input', () => UpsertPlatformGroupsInput, {
      description: 'The groups.',
    })
    input: UpsertPlatformGroupsInput,
  ): Promise<FactsAnswer> {
    const facts = groupChanges(input.groups, receive(context));
    return this.apply(context, facts, (fact) => fact.groupId);
  }

  @Authorized('discord:write')
  @Mutation(() => DeletePlatformUserPayload, {
    description:
      'Deletes a platform user: its links end at every client, and facts about it no longer count. Only `restorePlatformUser` lifts it.',
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
      throw new InputError('CONFLICT', describeLosses(outcome));
    const view = await context.loaders.platformUsers.load(fact.platformUserId);
    return {
      platformUser: view ? toPlatformUser(view) : null,
      warnings:
        outcome?.verdict === 'unchanged'
          ? ['The user was already deleted.']
          : [],
    };
  }

  @Authorized('discord:admin')
  @Mutation(() => RestorePlatformUserPayload, {
    description:
      'Lifts the deletion of a platform user. Only the id comes back: no name, membership or link, and links that are being removed are removed. Facts and deletions that are not newer than the lifted deletion lose. NOT_FOUND if the user was never reported.',
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
    const view = await context.loaders.platformUsers.load(platformUserId);
    return {
      platformUser: view ? toPlatformUser(view) : null,
      warnings: isRestored ? [] : ['The user is not deleted. Nothing changed.'],
    };
  }

  private async apply<Fact extends PlatformFact>(
    context: ApiContext,
    items: FactList<Fact>,
    idOf: (fact: Fact) => string,
  ): Promise<FactsAnswer> {
    const facts = saidOf(items);
    const outcomes =
      facts.length === 0 ? [] : await this.facts.applyFacts(facts);
    forgetRows(context.loaders);
    const results = factResults(items, outcomes);
    return {
      results,
      counts: countResults(results),
      changedIds: changedIds(facts, outcomes, idOf),
      warnings: factWarnings(items, outcomes),
    };
  }
}

/** Facts are about users and groups, which all clients share. */
function receive(context: ApiContext): Cause {
  requireUnlimited(context, 'platform facts affect every client');
  return causeOf(context);
}
