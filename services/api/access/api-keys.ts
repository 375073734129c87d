import { createHash, timingSafeEqual } from 'node:crypto';

import { SCOPES, type ApiKey } from '../../lib/key-entries.js';
import type { Authenticator } from './caller.js';

/** Knows callers by `Authorization: Bearer <key>`; keys themselves are never kept. */
export function createApiKeyAuthenticator(deps: {
  readonly keys: readonly ApiKey[];
}): Authenticator {
  const entries = deps.keys.map((key) => ({
    hash: Buffer.from(checkEntry(key).hash, 'hex'),
    caller: {
      name: key.name,
      scopes: key.scopes,
      clientIds: key.clientIds?.map((id) => id.toLowerCase()) ?? null,
    },
  }));
  return {
    authenticate: async (authorization) => {
      const key = /^Bearer +([!-~]{1,512}) *$/i.exec(authorization ?? '')?.[1];
      if (key === undefined) return null;
      const hash = createHash('sha256').update(key).digest();
      // Every entry is compared, so that timing does not reveal which one matched.
      const matches = entries.filter((entry) => timingSafeEqual(entry.hash, hash));
      return matches[0]?.caller ?? null;
    },
  };
}

function checkEntry(key: ApiKey): ApiKey {
  if (!/^[0-9a-f]{64}$/i.test(key.hash))
    throw new Error(`API key "${key.name}": the hash must be a SHA-256 of 64 hex digits`);
  if (key.scopes.length === 0) throw new Error(`API key "${key.name}": no scope`);
  const unknown = key.scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown !== undefined)
    throw new Error(`API key "${key.name}": unknown scope "${unknown}"; use ${SCOPES.join(', ')}`);
  return key;
}
