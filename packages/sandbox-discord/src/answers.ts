import type { OAuthRefusal } from './oauth-refusal.js';
import type { Refusal } from './refusal.js';
import type { SandboxFaultEffect } from './sandbox-interface.js';

/** What is sent back: an answer, nothing at all, or a closed connection. */
export type Answer = Answered | { readonly kind: 'silence' } | { readonly kind: 'drop' };

export type Answered = {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  readonly body?: string;
  /** Discord's error code, for the call log. */
  readonly code?: number;
};

type Headers = Readonly<Record<string, string>>;

/**
 * Without a body there is no content type either, because clients would try to parse an empty body
 * as JSON.
 */
export function answer(status: number, body: unknown, headers: Headers): Answered {
  if (body === undefined) return { kind: 'answer', status, headers };
  return {
    kind: 'answer',
    status,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
}

export function refusalAnswer(refusal: Refusal, headers: Headers): Answered {
  const { code, message, errors } = refusal;
  const body = errors ? { message, code, errors } : { message, code };
  return { ...answer(refusal.status, body, headers), code };
}

export function oauthRefusalAnswer(
  { status, error, description }: OAuthRefusal,
  headers: Headers,
): Answered {
  const body = description === undefined ? { error } : { error, error_description: description };
  return answer(status, body, headers);
}

export function pageAnswer(status: number, html: string, headers: Headers): Answered {
  const type = { 'Content-Type': 'text/html; charset=utf-8' };
  return {
    kind: 'answer',
    status,
    headers: { ...headers, ...type },
    body: html,
  };
}

export function rateLimitAnswer(
  refused: {
    readonly scope: 'user' | 'global' | 'shared';
    readonly retryAfterMs: number;
  },
  headers: Headers,
): Answered {
  const isGlobal = refused.scope === 'global';
  const isShared = refused.scope === 'shared';
  const body = {
    message: isShared ? 'The resource is being rate limited.' : 'You are being rate limited.',
    retry_after: Math.ceil(refused.retryAfterMs) / 1000,
    global: isGlobal,
    ...(isShared ? { code: 40062 } : {}),
  };
  return answer(429, body, {
    ...headers,
    'Retry-After': String(Math.ceil(refused.retryAfterMs / 1000)),
    'X-RateLimit-Scope': refused.scope,
    ...(isGlobal ? { 'X-RateLimit-Global': 'true' } : {}),
  });
}

/** Cloudflare, in front of Discord, answers in HTML and without bucket headers. */
export function cloudflareAnswer(status: number, retryAfterMs: number | undefined): Answered {
  return {
    kind: 'answer',
    status,
    headers: {
      'Content-Type': 'text/html; charset=UTF-8',
      Server: 'cloudflare',
      ...(retryAfterMs === undefined
        ? {}
        : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: `<!DOCTYPE html><html><head><title>Error ${status}</title></head><body><h1>Error ${status}</h1><p>cloudflare</p></body></html>`,
  };
}

function plainLimitAnswer(retryAfterMs: number): Answered {
  return {
    kind: 'answer',
    status: 429,
    headers: {
      'Content-Type': 'text/plain; charset=UTF-8',
      Server: 'cloudflare',
      'Retry-After': String(Math.ceil(retryAfterMs / 1000)),
    },
    body: 'error code: 1015',
  };
}

/** As at Discord, the error names a field of an unrelated feature (`guild_tag`). */
function autoModAnswer(): Answered {
  const code = 50035;
  const error = {
    code: 'AUTO_MODERATION_INVALID_NAME',
    message: 'Nickname contains words or phrases that this server blocks',
  };
  const errors = { guild_tag: { _errors: [error] } };
  return {
    ...answer(400, { message: 'Invalid Form Body', code, errors }, {}),
    code,
  };
}

/**
 * The answer of a planted fault that strikes before Discord handles the call; undefined if it lets
 * the call pass.
 */
export function earlyAnswer(effect: SandboxFaultEffect): Answer | undefined {
  switch (effect.kind) {
    case 'status': {
      const { status, code = 0, message = `${status}: planted fault` } = effect;
      const { errors } = effect;
      const body = errors ? { message, code, errors } : { message, code };
      return { ...answer(status, body, {}), code };
    }
    case 'html':
      return cloudflareAnswer(effect.status, undefined);
    case 'cloudflareLimit':
      return cloudflareAnswer(429, effect.retryAfterMs);
    case 'plainLimit':
      return plainLimitAnswer(effect.retryAfterMs);
    case 'autoMod':
      return autoModAnswer();
    case 'globalLimit':
      return rateLimitAnswer({ scope: 'global', retryAfterMs: effect.retryAfterMs }, {});
    case 'silence':
    case 'drop':
      return effect.moment === 'after' ? undefined : { kind: effect.kind };
    case 'latency':
    case 'sharedLimit':
    case 'lostWrite':
    case 'staleRead':
  }
  return undefined;
}
