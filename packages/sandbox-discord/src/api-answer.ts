import {
  answer,
  cloudflareAnswer,
  earlyAnswer,
  oauthRefusalAnswer,
  pageAnswer,
  rateLimitAnswer,
  refusalAnswer,
  type Answer,
} from './answers.js';
import type { ApiCall, ApiRequest, Caller, Decision } from './api-call.js';
import { isKnownVersion } from './api-version.js';
import { writeAudit } from './audit-log.js';
import { callerOf } from './callers.js';
import type { MetFaults } from './faults.js';
import type { GatewayAccess } from './gateway/gateway-access.js';
import type { LiveWorld } from './live-world.js';
import { OAuthRefusal } from './oauth-refusal.js';
import type { RateLimiter } from './rate-limiter.js';
import { noUserAgent, Refusal, unauthorized, unknownApiVersion } from './refusal.js';
import { bodyOf, reasonOf } from './request-parts.js';
import { checkIds, type Match } from './route.js';
import { noTarget, type Target } from './routes.js';
import type { SandboxQuirks } from './sandbox-interface.js';

export type AnsweringDeps = {
  readonly world: LiveWorld;
  readonly quirks: SandboxQuirks;
  readonly limiter: RateLimiter;
  readonly gateway: GatewayAccess;
  readonly clock: () => number;
  readonly onChange: () => void;
};

export type Asked = {
  readonly request: ApiRequest;
  readonly target: Target;
  readonly met: MetFaults;
};

type Ended = { readonly caller: Caller | undefined; readonly result: Answer };
type Headers = Readonly<Record<string, string>>;

/** Handles one call: planted fault, form of the request, caller, rate limit, then the route. */
export function answerCall(deps: AnsweringDeps, asked: Asked): Ended {
  const { request, target, met } = asked;
  let caller: Caller | undefined;
  let headers: Headers = {};
  const ended = (result: Answer) => ({ caller, result });
  const early = met.effect && earlyAnswer(met.effect);
  if (early) return ended(early);
  const bannedForMs = deps.limiter.bannedForMs();
  if (bannedForMs > 0) return ended(cloudflareAnswer(429, bannedForMs));
  try {
    if (!request.headers['user-agent']) throw noUserAgent();
    if (!isKnownVersion(target.version)) throw unknownApiVersion();
    if (!target.match) throw noTarget(target);
    caller = callerFor(deps, request, target.match);
    const verdict = takeFromLimits(deps, caller, target.match);
    headers = verdict.headers;
    if (verdict.refused) return ended(rateLimitAnswer(verdict.refused, headers));
    if (met.effect?.kind === 'sharedLimit')
      return ended(
        rateLimitAnswer({ scope: 'shared', retryAfterMs: met.effect.retryAfterMs }, headers),
      );
    return ended(decided(deps, { ...asked, match: target.match, caller, headers }));
  } catch (error) {
    return ended(refused(error, headers));
  }
}

/** Undefined if the route needs no token and none was sent. */
function callerFor(
  { world, clock }: AnsweringDeps,
  { headers: { authorization } }: ApiRequest,
  { route }: Match,
): Caller | undefined {
  const hasToken = /^(Bot|Bearer) /.test(authorization ?? '');
  if (route.isOpen && !hasToken) return undefined;
  return callerOf(world, authorization, clock());
}

function takeFromLimits(
  { limiter }: AnsweringDeps,
  caller: Caller | undefined,
  { route, params }: Match,
) {
  const senders = {
    bot: caller?.application.applicationId,
    person: caller?.kind === 'person' ? caller.user.discordUserId : undefined,
  };
  return limiter.take({
    // Discord counts callers without a token by address. In the sandbox they all count as one.
    applicationId: (caller && senders[caller.kind]) ?? 'nobody',
    guildId: params['guild_id'],
    limit: route.limit ?? 'others',
    route: `${route.method} ${route.template}`,
  });
}

type Admitted = Asked & {
  readonly match: Match;
  readonly caller: Caller | undefined;
  readonly headers: Headers;
};

function decided(deps: AnsweringDeps, admitted: Admitted): Answer {
  const { request, met, match, caller } = admitted;
  checkIds(match.params);
  const { reason, error } = reasonOf(request.headers);
  const decide = decisionFor(deps, admitted, reason);
  if (error) throw error;
  const decision = decide();
  carryOut(deps, decision, {
    actorId: caller?.application.botUserId,
    reason,
    isLost: met.effect?.kind === 'lostWrite',
  });
  if (met.effect?.kind === 'silence' || met.effect?.kind === 'drop')
    return { kind: met.effect.kind };
  const headers = { ...admitted.headers, ...decision.headers };
  if (decision.html !== undefined) return pageAnswer(decision.status, decision.html, headers);
  return answer(decision.status, decision.body, headers);
}

/**
 * Returns a function that lets the route decide the call. Throws here if the body is unreadable.
 */
function decisionFor(
  deps: AnsweringDeps,
  { request, met, match, caller }: Admitted,
  reason: string | undefined,
): () => Decision {
  const { route, params } = match;
  const common = {
    world: deps.world,
    quirks: deps.quirks,
    params,
    query: request.url.searchParams,
    reason,
    host: request.headers.host ?? 'localhost',
    gateway: deps.gateway,
    now: deps.clock(),
    readsStale: met.effect?.kind === 'staleRead',
  };
  if (route.isOpen) {
    const { method, headers, body: rawBody } = request;
    return () => route.decide({ ...common, method, headers, rawBody });
  }
  if (!caller) throw unauthorized();
  const call: ApiCall = { ...common, caller, body: bodyOf(request) };
  return () => route.decide(call);
}

/**
 * The planted fault `lostWrite` skips the change but still writes the audit log, as Discord does
 * when it loses a write.
 */
function carryOut(
  deps: AnsweringDeps,
  decision: Decision,
  how: {
    readonly actorId: string | undefined;
    readonly reason: string | undefined;
    readonly isLost: boolean;
  },
): void {
  if (!decision.change) return;
  if (!how.isLost) decision.change();
  if (decision.audit && how.actorId !== undefined)
    writeAudit(deps.world, decision.audit, {
      actorId: how.actorId,
      reason: how.reason,
    });
  deps.onChange();
}

function refused(error: unknown, headers: Headers): Answer {
  if (error instanceof Refusal) return refusalAnswer(error, headers);
  if (error instanceof OAuthRefusal) return oauthRefusalAnswer(error, headers);
  throw error;
}
