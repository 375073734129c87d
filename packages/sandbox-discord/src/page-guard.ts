import type { IncomingHttpHeaders } from 'node:http';

export type GuardRefusal = {
  readonly status: number;
  readonly message: string;
};

/**
 * Protects the pages. They answer to local host names only, because a foreign name could be rebound
 * to this machine. They accept button presses only from themselves, because another site could
 * otherwise act through a visitor's browser.
 */
export function guardPage({
  method,
  headers,
}: {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}): GuardRefusal | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host))
    return {
      status: 403,
      message: 'The sandbox only accepts requests for local host names.',
    };
  if (method === 'GET') return undefined;
  const isForeign =
    (origin !== undefined && origin !== `http://${host}`) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  return isForeign
    ? { status: 403, message: 'Requests from other sites are not allowed.' }
    : undefined;
}
