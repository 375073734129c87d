export interface PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it redirects to. */
  readonly location: string | null;
  readonly setCookies: readonly string[];
}

interface Opening {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface Browser {
  readonly cookies: Map<string, string>;
  open(url: string, init?: Opening): Promise<PageAnswer>;
  /** Sends the form of the page at this address, as a browser does that shows it. */
  press(url: string, headers?: Opening['headers']): Promise<PageAnswer>;
}

/**
 * Keeps cookies and follows nothing. Addresses of people may name another host than the one that
 * listens.
 */
export function createBrowser(listensAt: string): Browser {
  const cookies = new Map<string, string>();
  const open = async (url: string, init: Opening = {}) => {
    const { pathname, search } = new URL(url, listensAt);
    const headers = new Headers({ accept: 'text/html' });
    if (cookies.size > 0)
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    for (const [name, value] of Object.entries(init.headers ?? {}))
      if (value !== undefined) headers.set(name, value);
    const response = await fetch(`${listensAt}${pathname}${search}`, {
      redirect: 'manual',
      ...init,
      headers,
    });
    const setCookies = response.headers.getSetCookie();
    for (const line of setCookies) keep(cookies, line);
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: response.headers.get('location'),
      setCookies,
    };
  };
  return {
    cookies,
    open,
    press: (url, headers = { 'sec-fetch-site': 'same-origin' }) =>
      open(url, {
        method: 'POST',
        body: new URLSearchParams({ token: '' }),
        headers,
      }),
  };
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ');
  const [name = '', value = ''] = pair.split('=');
  const isGone = attributes.includes('Max-Age=0');
  if (isGone) cookies.delete(name);
  else cookies.set(name, value);
}
