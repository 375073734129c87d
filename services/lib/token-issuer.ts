/**
 * The issuer whose JWTs are accepted. All three fields are required; otherwise a token meant for
 * another service would pass.
 */
export interface TokenIssuer {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
}

const SETTINGS = ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const;

/** Returns the faults of the issuer settings in combination, one line each. */
export function faultsOfIssuer(
  given: Readonly<Record<string, string | undefined>>,
  mode: { readonly isSandbox: boolean },
): readonly string[] {
  const absent = SETTINGS.filter((name) => given[name] === undefined);
  if (absent.length === SETTINGS.length) return [];
  const missing = absent.map((name) => `${name}: required with the other AUTH_ settings`);
  const url = given['AUTH_JWKS_URL'] ?? '';
  const isOpen = !mode.isSandbox && URL.canParse(url) && isOpenToForgery(url);
  return isOpen
    ? [...missing, 'AUTH_JWKS_URL: must use https unless the host is this machine']
    : missing;
}

/**
 * Returns true for plain http to another host, where a man in the middle could serve his own keys.
 */
function isOpenToForgery(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isHere =
    hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  return protocol === 'http:' && !isHere;
}
