import { isLoopback, readWebAddress } from '../../lib/web-address.js';
import { inviteCodeOf } from '../doctor/application-checks.js';

/** Discord's own endpoints, the default for clients. */
export const DISCORD_ENDPOINTS = {
  /** Names the version, because without one Discord serves the deprecated v6. */
  apiBase: 'https://discord.com/api/v10',
  authorizeUrl: 'https://discord.com/oauth2/authorize',
  tokenUrl: 'https://discord.com/api/oauth2/token',
  revokeUrl: 'https://discord.com/api/oauth2/token/revoke',
} as const;

interface EndpointRules {
  /**
   * Hosts besides Discord's own, with their port unless it is 443: `discord-proxy.example.org`,
   * `proxy:8443`.
   */
  readonly allowlist: readonly string[];
  /**
   * Outside production, loopback addresses are allowed, also over plain http, for the sandbox
   * Discord.
   */
  readonly isProduction: boolean;
}

/** Returns null if tokens may be sent to the endpoint, else a sentence that says what is wrong. */
export function checkEndpoint(
  endpoint: string,
  { allowlist, isProduction }: EndpointRules,
): string | null {
  if (/[\s\\]/.test(endpoint) || !URL.canParse(endpoint)) {
    return 'The endpoint is not a URL.';
  }
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '') {
    return 'The endpoint must not contain a user name or password.';
  }
  if (/[?#]/.test(endpoint)) {
    return 'The endpoint must not have a query or a fragment.';
  }
  const isLocal = !isProduction && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')) {
    return 'The endpoint must start with https://.';
  }
  const allowed = [...DISCORD_HOSTS, ...allowlist.map(normalHost)];
  if (!isLocal && !allowed.includes(url.host)) {
    return `The host ${url.host} is not one of Discord's and not listed in DISCORD_ENDPOINT_ALLOWLIST.`;
  }
  return null;
}

/** Like checkEndpoint, for the API base, which must also end with a version. */
export function checkApiBase(apiBase: string, rules: EndpointRules): string | null {
  const fault = checkEndpoint(apiBase, rules);
  if (fault !== null) return fault;
  return splitApiBase(apiBase) ? null : 'The endpoint must end with the API version, such as /v10.';
}

/** Splits off the version, as the REST client requires. Returns null if it is missing. */
export function splitApiBase(
  apiBase: string,
): { readonly api: string; readonly version: string } | null {
  const [, api, version] = /^(.+)\/v(\d+)$/.exec(apiBase) ?? [];
  return api && version ? { api, version } : null;
}

const DISCORD_HOSTS = ['discord.com', 'ptb.discord.com', 'canary.discord.com'] as const;

/** Normalizes a host like `URL.host`: lower case, without the default port. */
function normalHost(entry: string): string {
  const address = `https://${entry.trim()}`;
  return URL.canParse(address) ? new URL(address).host : '';
}

interface AddressRules {
  /**
   * Outside production, loopback addresses are allowed, also over plain http, for the sandbox
   * Discord.
   */
  readonly isProduction: boolean;
  /** The base of the links that people open; null if not set. */
  readonly publicUrl: string | null;
}

/**
 * Returns null if browsers may be sent to this address, else a sentence that says what is wrong.
 */
export function checkClientAddress(
  name: 'callbackUrl' | 'inviteUrl',
  address: string,
  { isProduction, publicUrl }: AddressRules,
): string | null {
  const url = readWebAddress(address);
  if (url === null)
    return `\`${name}\` must be an absolute URL in plain ASCII without a user name or password.`;
  if (address.includes('#')) return `\`${name}\` must not have a fragment (#…).`;
  const isLocal = !isProduction && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !isLocal) return `\`${name}\` must start with https://.`;
  if (name === 'inviteUrl') return isLocal || inviteCodeOf(address) !== null ? null : NO_INVITE;
  return isLocal || publicUrl === null || new URL(publicUrl).origin === url.origin
    ? null
    : `\`${name}\` must be on the origin of PUBLIC_URL, ${new URL(publicUrl).origin}: browsers cannot finish linking anywhere else.`;
}

const NO_INVITE =
  '`inviteUrl` must be a Discord invite: https://discord.gg/CODE, https://discord.com/invite/CODE or https://discordapp.com/invite/CODE.';
