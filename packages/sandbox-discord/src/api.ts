import type { Answer } from './answers.js';
import { type AnsweringDeps, answerCall } from './api-answer.js';
import { inVersion } from './api-version.js';
import type { CallLog } from './call-log.js';
import { isInvalid } from './call-log.js';
import { claimedClientId } from './client-authentication.js';
import type { FaultField } from './faults.js';
import { loggedPath } from './logged-path.js';
import { reasonOf } from './request-parts.js';
import { targetOf } from './routes.js';
import type { Match } from './route.js';
import type { ApiRequest } from './api-call.js';

type Deps = AnsweringDeps & {
  readonly faults: FaultField;
  readonly log: CallLog;
  readonly sleep: (ms: number) => Promise<void>;
};

/**
 * Answers one call as Discord would: planted fault, form of the request, caller, rate limit, then
 * the route.
 */
export function createApi(deps: Deps) {
  return async (request: ApiRequest): Promise<Answer> => {
    const startedAt = deps.clock();
    const target = targetOf(request.method, request.url.pathname);
    const params: Match['params'] = target.match?.params ?? {};
    const described = {
      method: request.method,
      route: target.match?.route.template ?? 'unknown',
      guildId: params['guild_id'],
      discordUserId: params['user_id'],
    };
    const setsNickname = givesNickname(request, described.route);
    const met = deps.faults.meet({ ...described, setsNickname });
    if (met.latencyMs > 0) await deps.sleep(met.latencyMs);
    const { caller, result: current } = answerCall(deps, { request, target, met });
    const result = inVersion(target.version, current, request.headers);
    const applicationId =
      caller?.application.applicationId ??
      claimedClientId(deps.world, { ...request, rawBody: request.body });
    const reason = reasonOf(request.headers).reason;
    const fault = met.effect?.kind ?? (met.latencyMs > 0 ? 'latency' : undefined);
    const call = {
      at: startedAt,
      method: request.method,
      route: described.route,
      path: loggedPath(request.url),
      status: result.kind === 'answer' ? result.status : 0,
      durationMs: deps.clock() - startedAt,
      ...(described.guildId === undefined ? {} : { guildId: described.guildId }),
      ...(applicationId === undefined ? {} : { applicationId }),
      ...(reason === undefined ? {} : { reason }),
      ...(result.kind === 'answer' && result.code !== undefined ? { code: result.code } : {}),
      ...(fault === undefined ? {} : { fault }),
    };
    if (isInvalid(call)) deps.limiter.countInvalid();
    deps.log.add(call);
    return result;
  };
}

function givesNickname({ body }: ApiRequest, route: string): boolean {
  if (!route.startsWith('/guilds/{guild_id}/members/')) return false;
  try {
    const form: unknown = JSON.parse(body);
    return (
      typeof form === 'object' &&
      form !== null &&
      'nick' in form &&
      typeof form.nick === 'string' &&
      form.nick !== ''
    );
  } catch {
    return false;
  }
}
