import { InputError } from '../../lib/errors.js';
import { readWebAddress } from '../../lib/web-address.js';
import { checkInputText } from '../kit/checks.js';

/** The public address of this service, and the origins to which people may be redirected. */
export interface SignInSite {
  /** Returns the base of public addresses, without a trailing slash. Null if there is none. */
  base(): string | null;
  /** Written as browsers send them. */
  readonly returnOrigins: readonly string[];
}

export const START_PATH = '/discord/sso/start';
export const CALLBACK_PATH = '/discord/sso/callback';

export const startAddress = (base: string, ticket: string): string =>
  `${base}${START_PATH}?ticket=${ticket}`;

/**
 * Returns the redirect URI. The authorize request and the token request must send the same string:
 * Discord compares the two character by character.
 */
export const callbackAddress = (
  base: string,
  { callbackUrl }: { readonly callbackUrl: string | null },
): string => callbackUrl ?? `${base}${CALLBACK_PATH}`;

/** Returns the URL without its query and trailing slashes. */
export function baseOf(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

/**
 * Returns the address if it is allowed, else null. Unusual spellings are rejected, because URL
 * parsers disagree about them. The origin is parsed as a browser would, and the result is the
 * parsed URL as text.
 */
export function readReturnAddress(value: string, allowedOrigins: readonly string[]): string | null {
  const url = readWebAddress(value);
  return url && allowedOrigins.includes(url.origin) ? url.href : null;
}

/** Returns the address as browsers write it. Throws BAD_USER_INPUT if it is not allowed. */
export function checkReturnAddress(
  value: string,
  field: string,
  allowedOrigins: readonly string[],
): string {
  checkInputText(value, field, 2000);
  const address = readReturnAddress(value, allowedOrigins);
  if (address !== null) return address;
  throw new InputError(
    'BAD_USER_INPUT',
    '`returnTo` must be an absolute http or https URL in plain ASCII, on an origin listed in RETURN_URL_ALLOWLIST.',
    field,
  );
}

/**
 * Adds the result to the address. The rest of the query stays unchanged, but the result of an
 * earlier attempt is removed.
 */
export function withAnswer(
  address: string,
  answer: { readonly discordLink: string; readonly discordLinkWarning?: string },
): string {
  const url = new URL(address);
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !/^discordLink(Warning)?(=|$)/.test(pair));
  const added = Object.entries(answer).map(([name, value]) => `${name}=${value}`);
  url.search = [...kept, ...added].join('&');
  return url.href;
}
