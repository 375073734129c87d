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
