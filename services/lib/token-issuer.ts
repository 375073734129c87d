/** Whose JWTs are accepted: all three are needed, else a token for another service would do. */
export interface TokenIssuer {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
}

const SETTINGS = ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const;

/** Faults of the issuer settings in combination, one line each. */
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

/** A man in the middle could serve keys of his own. */
function isOpenToForgery(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isHere =
    hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  return protocol === 'http:' && !isHere;
}
