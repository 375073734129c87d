import type { EncryptionKey } from './encryption.js';

export const SCOPES = ['discord:read', 'discord:write', 'discord:admin'] as const;

/**
 * The caller and the permissions of an API key. Only the SHA-256 of the key is stored, never the
 * key.
 */
export interface ApiKey {
  readonly name: string;
  readonly scopes: readonly (typeof SCOPES)[number][];
  /** SHA-256 of the key in hex. */
  readonly hash: string;
  /** Ids of the clients the key may access; null: all. */
  readonly clientIds: readonly string[] | null;
}

/**
 * Entries parsed from a comma-separated setting, and its faults. A fault never repeats a value,
 * which may be secret.
 */
export interface Entries<Entry> {
  readonly found: readonly Entry[];
  readonly faults: readonly string[];
}

const ENCRYPTION_KEY = /^(?<id>[A-Za-z0-9_-]+):(?<key>[A-Za-z0-9+/]{43}=)$/;

/** Parses comma-separated entries of the form `id:base64(32 bytes)`. */
export function readEncryptionKeys(text: string): Entries<EncryptionKey> {
  const { found, faults } = readEntries(text, (entry): EncryptionKey | string => {
    const { id, key } = ENCRYPTION_KEY.exec(entry)?.groups ?? {};
    if (id !== undefined && key !== undefined) return { id, key: Buffer.from(key, 'base64') };
    return 'must be id:base64 of 32 bytes (make one with: openssl rand -base64 32)';
  });
  const hasTwins = new Set(found.map((key) => key.id)).size < found.length;
  return { found, faults: hasTwins ? [...faults, 'two keys have the same id'] : faults };
}

const API_KEY =
  /^(?<name>[^:]+):(?<scopes>[a-z:+]+?):(?<hash>[0-9a-f]{64})(?::(?<clients>[0-9a-f+-]+))?$/;

/**
 * Parses comma-separated entries of the form `name:scope+scope:sha256-hex`, optionally followed by
 * `:` and client ids joined by `+`.
 */
export function readApiKeys(text: string): Entries<ApiKey> {
  return readEntries(text, (entry): ApiKey | string => {
    const { name, scopes, hash, clients } = API_KEY.exec(entry)?.groups ?? {};
    const named = scopes?.split('+') ?? [];
    const known = SCOPES.filter((scope) => named.includes(scope));
    if (
      name === undefined ||
      hash === undefined ||
      known.length === 0 ||
      known.length < named.length
    ) {
      return 'must be name:scope+scope:sha256-hex (make one with: npm run key)';
    }
    return { name, scopes: known, hash, clientIds: clients?.split('+') ?? null };
  });
}

function readEntries<Entry extends object>(
  text: string,
  read: (entry: string) => Entry | string,
): Entries<Entry> {
  const results = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(read);
  return {
    found: results.filter((result) => typeof result === 'object'),
    faults: results.flatMap((result, index) =>
      typeof result === 'string' ? [`entry ${index + 1} ${result}`] : [],
    ),
  };
}
