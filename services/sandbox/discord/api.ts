import type { IncomingHttpHeaders } from 'node:http';

import type { ApiCall, Caller, Decision } from './api-call.js';
import {
  answer,
  cloudflareAnswer,
  earlyAnswer,
  rateLimitAnswer,
  refusalAnswer,
  type Answer,
} from './answers.js';
import { writeAudit } from './audit-log.js';
import { callerOf } from './callers.js';
import type { CallLog } from './call-log.js';
import { isInvalid } from './call-log.js';
import type { FaultField, MetFaults } from './faults.js';
import { guildRoutes } from './guild-routes.js';
import { identityRoutes } from './identity-routes.js';
import type { LiveWorld } from './live-world.js';
import { memberRoleRoutes } from './member-role-routes.js';
import { memberRoutes } from './member-routes.js';
import type { RateLimiter } from './rate-limiter.js';
import { noUserAgent, Refusal, unknownApiVersion } from './refusal.js';
import { bodyOf, reasonOf } from './request-parts.js';
import { roleRoutes } from './role-routes.js';
import { checkIds, matchRoute, noMatch, type Match } from './route.js';
import type { SandboxQuirks } from './sandbox-interface.js';

export type ApiRequest = {
  readonly method: string;
  /** Path and query, from `/api` on. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

type Deps = {
  readonly world: LiveWorld;
  readonly quirks: SandboxQuirks;
  readonly limiter: RateLimiter;
  readonly faults: FaultField;
  readonly log: CallLog;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onChange: () => void;
};

const ROUTES = [
  ...identityRoutes,
  ...guildRoutes,
  ...roleRoutes,
  ...memberRoutes,
  ...memberRoleRoutes,
];

/** Answers one call as Discord would: fault, form of the request, who asks, how often, then what. */
export function createApi(deps: Deps) {
  return async (request: ApiRequest): Promise<Answer> => {
    const startedAt = deps.clock();
    const target = targetOf(request);
    const params: Match['params'] = target.match?.params ?? {};
    const described = {
      method: request.method,
      route: target.match?.route.template ?? 'unknown',
      guildId: params['guild_id'],
      discordUserId: params['user_id'],
    };
    const met = deps.faults.meet(described);
    if (met.latencyMs > 0) await deps.sleep(met.latencyMs);
    const { caller, result } = proceed(deps, request, target, met);
    const reason = reasonOf(request.headers).reason;
    const fault =
      met.effect?.kind ?? (met.latencyMs > 0 ? 'latency' : undefined);
    const call = {
      at: startedAt,
      method: request.method,
      route: described.route,
      path: request.url.pathname + request.url.search,
      status: result.kind === 'answer' ? result.status : 0,
      durationMs: deps.clock() - startedAt,
      ...(described.guildId === undefined
        ? {}
        : { guildId: described.guildId }),
      ...(caller ? { applicationId: caller.application.applicationId } : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(result.kind === 'answer' && result.code !== undefined
        ? { code: result.code }
        : {}),
      ...(fault === undefined ? {} : { fault }),
    };
    if (isInvalid(call)) deps.limiter.countInvalid();
    deps.log.add(call);
    return result;
  };
}

type Target = {
  readonly path: string;
  readonly match: Match | undefined;
  readonly isKnownVersion: boolean;
};

function targetOf(request: ApiRequest): Target {
  const [, version, path = '/'] =
    /^\/api(?:\/v(\d+))?(\/.*)?$/.exec(request.url.pathname) ?? [];
  return {
    path,
    match: matchRoute(ROUTES, request.method, path),
    isKnownVersion: version === '10' || version === '9',
  };
}

function proceed(
  deps: Deps,
  request: ApiRequest,
  target: Target,
  met: MetFaults,
) {
  let caller: Caller | undefined;
  let headers: Readonly<Record<string, string>> = {};
  const ended = (result: Answer) => ({ caller, result });
  const early = met.effect && earlyAnswer(met.effect);
  if (early) return ended(early);
  const bannedForMs = deps.limiter.bannedForMs();
  if (bannedForMs > 0) return ended(cloudflareAnswer(429, bannedForMs));
  try {
    if (!request.headers['user-agent']) throw noUserAgent();
    if (!target.isKnownVersion) throw unknownApiVersion();
    if (!target.match) throw noMatch(ROUTES, target.path);
    const { route, params } = target.match;
    caller = callerOf(deps.world, request.headers.authorization, deps.clock());
    const verdict = deps.limiter.take({
      applicationId:
        caller.kind === 'bot'
          ? caller.application.applicationId
          : caller.user.discordUserId,
      guildId: params['guild_id'],
      limit: route.limit ?? 'others',
      route: `${route.method} ${route.template}`,
    });
    headers = verdict.headers;
    if (verdict.refused)
      return ended(rateLimitAnswer(verdict.refused, headers));
    if (met.effect?.kind === 'sharedLimit')
      return ended(
        rateLimitAnswer(
          { scope: 'shared', retryAfterMs: met.effect.retryAfterMs },
          headers,
        ),
      );
    checkIds(params);
    const call = apiCall(deps, request, { caller, params, met });
    const { reason, error } = reasonOf(request.headers);
    if (error) throw error;
    const decision = route.decide(call);
    carryOut(deps, caller, decision, {
      reason,
      isLost: met.effect?.kind === 'lostWrite',
    });
    if (met.effect?.kind === 'silence' || met.effect?.kind === 'drop')
      return ended({ kind: met.effect.kind });
    return ended(answer(decision.status, decision.body, headers));
  } catch (error) {
    if (error instanceof Refusal) return ended(refusalAnswer(error, headers));
    throw error;
  }
}

function apiCall(
  deps: Deps,
  request: ApiRequest,
  known: { caller: Caller; params: ApiCall['params']; met: MetFaults },
): ApiCall {
  return {
    world: deps.world,
    quirks: deps.quirks,
    caller: known.caller,
    params: known.params,
    query: request.url.searchParams,
    body: bodyOf(request),
    now: deps.clock(),
    readsStale: known.met.effect?.kind === 'staleRead',
  };
}

/** A lost write is in the audit log all the same: that is how Discord loses them. */
function carryOut(
  deps: Deps,
  caller: Caller,
  decision: Decision,
  how: { readonly reason: string | undefined; readonly isLost: boolean },
): void {
  if (!decision.change) return;
  if (!how.isLost) decision.change();
  if (decision.audit)
    writeAudit(deps.world, decision.audit, {
      actorId: caller.application.botUserId,
      reason: how.reason,
    });
  deps.onChange();
}
