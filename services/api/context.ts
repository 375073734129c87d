import type { Cause } from '../model.js';
import type { Caller } from './auth/caller.js';
import { createLoaders, type LoaderPorts, type Loaders } from './loaders.js';
import type { Subscriptions } from './subscriptions/subscriptions.js';

/** What every resolver of one request is given. */
export interface ApiContext {
  readonly requestId: string;
  /** The trace that the request stands in; null: in none. */
  readonly traceparent: string | null;
  readonly caller: Caller | null;
  /** Who the same key is now: of subscriptions, which outlive the moment of asking. */
  readonly callerNow: () => Promise<Caller | null>;
  readonly subscriptions: Subscriptions;
  readonly loaders: Loaders;
  readonly now: () => Date;
  /** The receipt of a mutation: microseconds since 1970, never twice the same within one process. */
  readonly receivedUs: () => number;
}

export function createContext(deps: {
  readonly ports: LoaderPorts;
  readonly requestId: string;
  readonly traceparent?: string | null;
  readonly caller: Caller | null;
  readonly callerNow: () => Promise<Caller | null>;
  readonly subscriptions: Subscriptions;
  readonly now: () => Date;
  readonly receivedUs: () => number;
}): ApiContext {
  return {
    requestId: deps.requestId,
    traceparent: deps.traceparent ?? null,
    caller: deps.caller,
    callerNow: deps.callerNow,
    subscriptions: deps.subscriptions,
    loaders: createLoaders(deps.ports),
    now: deps.now,
    receivedUs: deps.receivedUs,
  };
}

export function causeOf(context: ApiContext): Cause {
  const { traceparent } = context;
  return {
    kind: 'MUTATION',
    id: context.requestId,
    actor: context.caller?.name ?? 'nobody',
    ...(traceparent !== null && { traceparent }),
  };
}

/**
 * Facts without a sequence are ordered by our clock at receipt, and ties favour removals: two mutations within a millisecond
 * must not tie, or the second one would lose.
 */
export function createReceiptClock(clock: () => number): () => number {
  let last = 0;
  return () => {
    last = Math.max(clock() * 1000, last + 1);
    return last;
  };
}
