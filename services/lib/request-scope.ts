import { AsyncLocalStorage } from 'node:async_hooks';

/** Data of the current request, for code further down the call chain. */
export interface RequestScope {
  /**
   * Aborts when the caller has disconnected and the request may be dropped. Code that reads for the
   * request should then stop.
   */
  readonly signal: AbortSignal;
  /**
   * Declares that the request only reads, so that it may be dropped. A request that writes always
   * finishes.
   */
  readonly allowDrop: () => void;
}

/** Keeps the scope of each request available to the whole call chain. */
export interface RequestScopes {
  readonly run: <Result>(scope: RequestScope, work: () => Result) => Result;
  /** Null outside a request. */
  readonly current: () => RequestScope | null;
}

export function createRequestScopes(): RequestScopes {
  const scopes = new AsyncLocalStorage<RequestScope>();
  return {
    run: (scope, work) => scopes.run(scope, work),
    current: () => scopes.getStore() ?? null,
  };
}

/**
 * Creates a request's scope. `onGone` registers a callback for a connection that ends before the
 * response is sent.
 */
export function createRequestScope(onGone: (gone: () => void) => void): RequestScope {
  const controller = new AbortController();
  const state = { isGone: false, mayDrop: false };
  const settle = () => {
    if (state.isGone && state.mayDrop) controller.abort();
  };
  onGone(() => {
    state.isGone = true;
    settle();
  });
  return {
    signal: controller.signal,
    allowDrop() {
      state.mayDrop = true;
      settle();
    },
  };
}
