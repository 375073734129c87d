import { AsyncLocalStorage } from 'node:async_hooks';

/** The current request, for code further down the call chain. */
export interface RequestScope {
  /** Aborted when its caller has gone, and with them every reason to go on reading. */
  readonly signal: AbortSignal;
  /**
   * The request only reads, so it may be dropped from now on. A request that writes always
   * finishes.
   */
  readonly allowDrop: () => void;
}

/** Which request is being answered, wherever that is asked. */
export interface RequestScopes {
  readonly run: <Result>(scope: RequestScope, work: () => Result) => Result;
  /** Null: none. */
  readonly current: () => RequestScope | null;
}

export function createRequestScopes(): RequestScopes {
  const scopes = new AsyncLocalStorage<RequestScope>();
  return {
    run: (scope, work) => scopes.run(scope, work),
    current: () => scopes.getStore() ?? null,
  };
}

/** `onGone` calls back when the connection has ended before the answer was sent. */
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
