import { GraphQLError } from 'graphql';
import type { SubscribeResolverData } from 'type-graphql';

import type { Outcome } from '../../model.js';
import { requireCaller, requireScope } from '../access/access.js';
import type { Scope } from '../access/caller.js';
import { AuditRecord } from '../audit/audit-record.types.js';
import type { ApiContext } from '../context.js';
import { checkPlatformId, ifGiven, isGiven, onlyGiven } from '../kit/checks.js';
import { Arg, Authorized, ID, Resolver, Root, Subscription } from '../kit/decorators.js';
import { OutcomeEnum } from '../kit/enums.js';
import { requireClient, requireSweep } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import { Snowflake } from '../kit/scalars.js';
import { Sweep } from '../sweeps/sweep.types.js';
import type { Published } from './stream.js';
import type { Subscriber } from './subscriptions.js';

interface RecordArgs {
  readonly clientId?: string | null;
  readonly discordUserId?: string | null;
  readonly platformUserId?: string | null;
  readonly outcomes?: readonly Outcome[] | null;
}

interface SweepArgs {
  readonly clientId?: string | null;
  readonly id?: string | null;
}

/** The option `subscribe` reads the arguments. The methods declare them only for the schema. */
@Resolver()
export class SubscriptionsResolver {
  @Authorized('discord:admin')
  @Subscription(() => AuditRecord, {
    description: 'Sends each audit record when it is closed, whichever process closes it.',
    subscribe: async ({ args, context }: SubscribeResolverData<unknown, RecordArgs, ApiContext>) =>
      context.subscriptions.records(subscriberOf(context), await recordFilter(context, args)),
  })
  auditRecordAdded(
    @Root() published: Published<AuditRecord>,
    @Arg('clientId', () => ID, {
      nullable: true,
      description: 'Only records of this client. Omitted: all clients of the key.',
    })
    _clientId?: string | null,
    @Arg('discordUserId', () => Snowflake, {
      nullable: true,
      description: 'Only records of this Discord account.',
    })
    _discordUserId?: string | null,
    @Arg('platformUserId', () => ID, {
      nullable: true,
      description: 'Only records of this platform user.',
    })
    _platformUserId?: string | null,
    @Arg('outcomes', () => [OutcomeEnum], {
      nullable: true,
      description: 'Only records with one of these outcomes.',
    })
    _outcomes?: readonly Outcome[] | null,
  ): AuditRecord {
    return valueOf(published);
  }

  @Authorized('discord:admin')
  @Subscription(() => Sweep, {
    description:
      'Sends the progress of sweeps, no matter which process runs them: first the current state of unfinished sweeps, then each change, at most four a second per sweep. The final state is always sent.',
    subscribe: async ({ args, context }: SubscribeResolverData<unknown, SweepArgs, ApiContext>) =>
      context.subscriptions.sweeps(subscriberOf(context), await sweepScope(context, args)),
  })
  sweepProgressed(
    @Root() published: Published<Sweep>,
    @Arg('clientId', () => ID, {
      nullable: true,
      description: 'Only sweeps of this client. Omitted: all clients of the key.',
    })
    _clientId?: string | null,
    @Arg('id', () => ID, {
      nullable: true,
      description: 'Only this sweep. Its current state is sent first, even if it is finished.',
    })
    _id?: string | null,
  ): Sweep {
    return valueOf(published);
  }
}

function valueOf<Value>(published: Published<Value>): Value {
  if (published.fault) throw published.fault;
  return published.value;
}

function subscriberOf(context: ApiContext): Subscriber {
  return {
    name: requireCaller(context).name,
    endOf: endOfRights(context, 'discord:admin'),
    forget: () => forgetRows(context.loaders),
  };
}

async function recordFilter(context: ApiContext, args: RecordArgs) {
  const { discordUserId, platformUserId, outcomes } = args;
  return onlyGiven({
    clientIds: await clientsOf(context, args.clientId),
    discordUserId,
    platformUserId: ifGiven(platformUserId, (id) => checkPlatformId(id, 'platformUserId')),
    outcomes,
  });
}

async function sweepScope(context: ApiContext, args: SweepArgs) {
  const clientIds = await clientsOf(context, args.clientId);
  if (!isGiven(args.id)) return { sweepId: null, clientIds };
  const sweep = await requireSweep(context, args.id, 'id');
  return { sweepId: sweep.id, clientIds: clientIds ?? [sweep.clientId] };
}

/** Returns the ids of the clients whose changes are sent; null: all clients. */
async function clientsOf(
  context: ApiContext,
  clientId: string | null | undefined,
): Promise<readonly string[] | null> {
  if (!isGiven(clientId)) return requireCaller(context).clientIds;
  return [(await requireClient(context, clientId, 'clientId')).id];
}

/**
 * Creates a check that returns why the subscription must end; null if it may continue. It is needed
 * because a token may expire, or a key may be revoked, during a subscription.
 */
function endOfRights(context: ApiContext, scope: Scope): () => Promise<Error | null> {
  const clients = String(requireCaller(context).clientIds);
  return async () => {
    try {
      const now = { ...context, caller: await context.callerNow() };
      requireScope(now, scope);
      return String(now.caller?.clientIds) === clients ? null : LIMIT_MOVED;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

const LIMIT_MOVED = new GraphQLError("This key's permissions changed. Subscribe again.", {
  extensions: { code: 'FORBIDDEN' },
});
