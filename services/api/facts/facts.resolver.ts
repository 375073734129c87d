import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { Cause, FactOutcome, PlatformFact } from '../../model.js';
import { mayTouch, requireUnlimited } from '../access/access.js';
import { type ApiContext, requestCause } from '../context.js';
import { checkInputText, checkPlatformId, saidOf } from '../kit/checks.js';
import { type ConnectionOf, PageArgs } from '../kit/connection.types.js';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Input,
  Mutation,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { forgetRows } from '../kit/loaders.js';
import { toConnection, toPage } from '../kit/paging.js';
import type { OrPromise } from '../kit/rows.js';
import { DiscordUser } from '../links/discord-user.types.js';
import {
  DeletePlatformUserPayload,
  type FactsAnswer,
  RecordMembershipChangesPayload,
  ReplaceMembershipsPayload,
  RestorePlatformUserPayload,
  UpsertPlatformGroupsPayload,
  UpsertPlatformUsersPayload,
} from './fact-payloads.types.js';
import {
  changedIds,
  countResults,
  describeLosses,
  factResults,
  factWarnings,
  type NameGroup,
} from './fact-results.js';
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
import { PlatformGroup, PlatformGroupConnection, PlatformUser } from './platform.types.js';
import type { FactPort, PlatformReads } from './ports.js';

@Resolver(() => PlatformUser)
export class PlatformResolver {
  constructor(
    private readonly read: Pick<PlatformReads, 'pagePlatformGroups' | 'countPlatformGroups'>,
  ) {}

  @Authorized('discord:read')
  @Query(() => PlatformUser, {
    nullable: true,
    description: 'One platform user. Null if the id was never reported.',
  })
  platformUser(
    @Ctx() { loaders }: ApiContext,
    @Arg('id', () => ID, { description: "The user's id, issued by the platform." }) id: string,
  ): OrPromise<PlatformUser | undefined> {
    return loaders.platformUsers.load(checkPlatformId(id, 'id'));
  }

  @Authorized('discord:read')
  @Query(() => PlatformGroupConnection, {
    description: 'Groups of the platform, by id. Deleted groups are left out.',
  })
  async platformGroups(
    @Arg('search', () => String, {
      nullable: true,
      description: 'Part of the name or id; case-insensitive.',
    })
    search: string | null = null,
    @Args(() => PageArgs) asked: PageArgs,
  ): Promise<ConnectionOf<PlatformGroup>> {
    const list = { name: 'platformGroups' } as const;
    const page = toPage(asked, list);
    const text =
      search === null || search === '' ? null : checkInputText(search, 'search', 255).trim();
    return toConnection({
      rows: await this.read.pagePlatformGroups(text, page),
      page,
      list,
      count: () => this.read.countPlatformGroups(text),
    });
  }

  @FieldResolver(() => [PlatformGroup], { description: 'The groups the user is in now.' })
  groups(@Ctx() { loaders }: ApiContext, @Root() { id }: PlatformUser) {
    return loaders.groupsOfPlatformUser.load(id);
  }

  @FieldResolver(() => [DiscordUser], {
    description: "The user's links at the clients the caller has access to.",
  })
  async discordUsers(@Ctx() context: ApiContext, @Root() user: PlatformUser) {
    const links = await context.loaders.linksOfPlatformUser.load(user.id);
    return links.filter(({ clientId }) => mayTouch(context, clientId));
  }
}

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
    @Input(() => RecordMembershipChangesInput, 'The changes.') input: RecordMembershipChangesInput,
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
    @Input(() => ReplaceMembershipsInput, 'The sets.') input: ReplaceMembershipsInput,
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
    @Input(() => UpsertPlatformUsersInput, 'The users.') input: UpsertPlatformUsersInput,
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
    @Input(() => UpsertPlatformGroupsInput, 'The groups.') input: UpsertPlatformGroupsInput,
  ): Promise<FactsAnswer> {
    const facts = groupChanges(input.groups, receive(context));
    return this.apply(context, facts, (fact) => fact.groupId);
  }

  @Authorized('discord:write')
  @Mutation(() => DeletePlatformUserPayload, {
    description:
      "Deletes a platform user. The user's links end at every client, and facts about the user are ignored until `restorePlatformUser`. Errors: FORBIDDEN for keys limited to clients.",
  })
  async deletePlatformUser(
    @Ctx() context: ApiContext,
    @Input(() => DeletePlatformUserInput, 'The user.') input: DeletePlatformUserInput,
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
    @Input(() => RestorePlatformUserInput, 'The user.') input: RestorePlatformUserInput,
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
 * Creates a function that returns the names of the groups in these outcomes. Reads all of them with
 * one statement, or with none if no fact was outranked and no group is deleted.
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

/**
 * Returns the cause of the facts. Rejects a key that is limited to some clients, because all
 * clients share users and groups.
 */
function receive(context: ApiContext): Cause {
  requireUnlimited(context, 'platform facts affect every client');
  return requestCause(context);
}
