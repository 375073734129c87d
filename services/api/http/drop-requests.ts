import type { FastifyReply } from 'fastify';

import { createRequestScope, type RequestScopes } from '../../lib/request-scope.js';

/** Runs a request handler so that its store reads are attributed to that request. */
export type InScope = <Result>(reply: FastifyReply, work: () => Result) => Result;

/** A caller who closes the connection before the answer is there waits for it no more. */
export function runInScope(scopes: RequestScopes | undefined): InScope {
  return (reply, work) => {
    if (!scopes) return work();
    const { raw } = reply;
    const scope = createRequestScope((gone) =>
      raw.once('close', () => {
        if (!raw.writableFinished) gone();
      }),
    );
    return scopes.run(scope, work);
  };
}
