import type { RequestScope } from '../lib/request-scope.js';
import type { Cause } from '../model.js';
import type { Caller } from './access/caller.js';
import { createLoaders, type LoaderPorts, type Loaders } from './kit/loaders.js';
import type { Subscriptions } from './subscriptions/subscriptions.js';

/** The context that all resolvers of one request share. */
export interface ApiContext {
  readonly requestId: string;
  /**
   * Cancels the request's reads when its caller disconnects, unless the request is a mutation. Null
   * outside a request.
   */
  readonly scope: RequestScope | null;
  /** The request's `traceparent` header value; null if there is no trace. */
  readonly traceparent: string | null;
  readonly caller: Caller | null;
  /**
   * Authenticates the caller again; null if the credential is no longer valid. Subscriptions need
   * this, because they outlive their request.
   */
  readonly callerNow: () => Promise<Caller | null>;
  readonly subscriptions: Subscriptions;
  readonly loaders: Loaders;
  readonly now: () => Date;
}

export function createContext(deps: {
  readonly ports: LoaderPorts;
  readonly requestId: string;
  readonly scope?: RequestScope | null;
  readonly traceparent?: string | null;
  readonly caller: Caller | null;
  readonly callerNow: () => Promise<Caller | null>;
  readonly subscriptions: Subscriptions;
  readonly now: () => Date;
}): ApiContext {
  return {
    requestId: deps.requestId,
    scope: deps.scope ?? null,
    traceparent: deps.traceparent ?? null,
    caller: deps.caller,
    callerNow: deps.callerNow,
    subscriptions: deps.subscriptions,
    loaders: createLoaders(deps.ports),
    now: deps.now,
  };
}

export function requestCause(context: ApiContext): Cause {
  const { traceparent } = context;
  return {
    kind: 'MUTATION',
    id: context.requestId,
    actor: context.caller?.name ?? 'nobody',
    ...(traceparent !== null && { traceparent }),
  };
}
