import { InputError } from '../../lib/errors.js';
import { readWebAddress } from '../../lib/web-address.js';
import { checkInputText } from '../kit/checks.js';

/** The public address of this service, and the addresses that people may return to. */
export interface SignInSite {
  /** Base of public addresses without a trailing slash. Null: not set. */
  base(): string | null;
  /** As browsers write them. */
  readonly returnOrigins: readonly string[];
}

export const START_PATH = '/discord/sso/start';
export const CALLBACK_PATH = '/discord/sso/callback';

export const startAddress = (base: string, ticket: string): string =>
  `${base}${START_PATH}?ticket=${ticket}`;

/** The same at the start and at the exchange: Discord compares them letter by letter. */
export const callbackAddress = (
  base: string,
  { callbackUrl }: { readonly callbackUrl: string | null },
): string => callbackUrl ?? `${base}${CALLBACK_PATH}`;

/** `https://connector.example.org/below/` is as good as without its last slash. */
export function baseOf(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

/**
 * Null: not allowed. URL parsers disagree about tricks, so none are allowed: the origin is compared
 * as the browsers' parser sees it, and the result is that parser's output.
 */
export function readReturnAddress(value: string, allowedOrigins: readonly string[]): string | null {
  const url = readWebAddress(value);
  return url && allowedOrigins.includes(url.origin) ? url.href : null;
}

/** Throws InputError. */
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
 * The query that is there stays as it is, letter by letter, but for what an earlier attempt has
 * left in it.
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
