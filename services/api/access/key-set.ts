import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';

import type { Logger } from '../../lib/logger.js';

export interface KeySetTiming {
  readonly timeoutMs: number;
  /** How long published keys are cached: a withdrawn key stays valid for at most this long. */
  readonly cacheMs: number;
  /** Minimum interval between key set fetches for unknown key ids, which anyone can make up. */
  readonly cooldownMs: number;
  /** After a failure the issuer is left alone for this long. */
  readonly restMs: number;
}

export const KEY_SET_TIMING: KeySetTiming = {
  timeoutMs: 5_000,
  cacheMs: 5 * 60_000,
  cooldownMs: 30_000,
  restMs: 5_000,
};

const MAX_BYTES = 256 * 1024;

/**
 * The public keys of the issuer, fetched when a token first needs one: a process starts without
 * them. Redirects are not followed.
 */
export function createKeySet(deps: {
  readonly url: string;
  readonly timing: KeySetTiming;
  readonly clock: () => number;
  readonly logger: Pick<Logger, 'warn'>;
}): JWTVerifyGetKey {
  const { timing, clock } = deps;
  let restsUntil = 0;
  const fetchKeys = async (url: string, options: RequestInit): Promise<Response> => {
    if (clock() < restsUntil) throw new Error('the previous request failed, not retried yet');
    try {
      return await fetchBounded(url, options);
    } catch (error) {
      restsUntil = clock() + timing.restMs;
      const why = error instanceof Error ? error.message : String(error);
      deps.logger.warn({ why }, 'JWKS fetch failed');
      throw error;
    }
  };
  return createRemoteJWKSet(new URL(deps.url), {
    timeoutDuration: timing.timeoutMs,
    cacheMaxAge: timing.cacheMs,
    cooldownDuration: timing.cooldownMs,
    [customFetch]: fetchKeys,
  });
}

async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new Error('the response is larger than 256 KiB');
    parts.push(part);
  }
  return new Response(Buffer.concat(parts));
}
