import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Logger } from '../../lib/logger.js';
import { requestPath } from '../http/http-errors.js';
import {
  CALLBACK_PATH,
  readReturnAddress,
  type SignInSite,
  START_PATH,
  withAnswer,
} from './addresses.js';
import { type CallbackDeps, receiveAnswer } from './callback.js';
import { isResult, type SignInOutcome } from './endings.js';
import { sendPage } from './page.js';
import { endingPage } from './pages.js';
import type { SignInPorts } from './ports.js';
import { createCookieJar } from './secrets.js';
import { goToDiscord, showStart } from './start.js';

interface SignInDeps {
  readonly ports: SignInPorts;
  readonly site: SignInSite;
  readonly logger: Logger;
  /** Returns the request's `traceparent`; null if there is no trace. */
  readonly traceNow?: () => string | null;
}

type Step = (
  deps: CallbackDeps,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<SignInOutcome | null>;

/**
 * Adds the pages where people link their Discord account, in a Fastify scope of their own, so that
 * forms and cookies are parsed nowhere else. A browser gets one of our pages, or a redirect to
 * Discord or back to the platform. A GET request changes nothing, because programs open links for
 * previews. The only exception is the callback that Discord redirects to.
 */
export async function addSignIn(app: FastifyInstance, deps: SignInDeps): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(cookie);
    scope.removeAllContentTypeParsers();
    await scope.register(formbody, { bodyLimit: 4096 });
    scope.setErrorHandler(answerFault(deps));
    scope.get(START_PATH, handlerOf(deps, showStart));
    scope.post(START_PATH, handlerOf(deps, goToDiscord));
    // There is no HEAD route, because a HEAD request would use up the state and show no page.
    scope.get(CALLBACK_PATH, { exposeHeadRoute: false }, handlerOf(deps, receiveAnswer));
  });
}

function handlerOf(deps: SignInDeps, step: Step) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const base = deps.site.base();
    // Without PUBLIC_URL no sign-in can have started, because `beginDiscordLink` rejects it and
    // names the missing setting.
    if (base === null) return finish(deps, request, reply, { code: 'SETUP_FAULT' });
    const cookies = createCookieJar(base.startsWith('https:'));
    const ending = await step({ ...deps, base, cookies }, request, reply);
    return ending === null ? reply : finish(deps, request, reply, ending);
  };
}

/**
 * Redirects back to the platform if the ticket has an allowed return address and the result may be
 * sent to the platform. Otherwise shows a result page.
 */
function finish(
  { site }: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  ending: SignInOutcome,
): FastifyReply {
  const { code, ticket } = ending;
  // The address is checked again, because the allowlist may have changed since the ticket was made.
  const address = ticket?.returnTo && readReturnAddress(ticket.returnTo, site.returnOrigins);
  if (!address || !isResult(code)) return sendPage(reply, endingPage(ending, request.id));
  return reply
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .redirect(
      withAnswer(address, {
        discordLink: code,
        ...(ending.hasOtherEmail && { discordLinkWarning: 'EMAIL_DIFFERS' }),
      }),
      303,
    );
}

function answerFault(deps: SignInDeps) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if ((error.statusCode ?? 500) < 500)
      return finish(deps, request, reply, { code: 'INCOMPLETE' });
    const fields = { requestId: request.id, url: requestPath(request), err: error };
    deps.logger.error(fields, 'sign-in request failed');
    return finish(deps, request, reply, { code: 'INTERNAL' });
  };
}
