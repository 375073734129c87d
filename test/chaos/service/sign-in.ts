import type { SandboxDiscord } from 'sandbox-discord';

import { DEMO } from '../../../services/demo/demo-world.js';
import { API_ANSWER } from './api.js';
import type { Planted } from './secrets.js';

/** Discord's redirect address: the same for all processes, as behind one host name. */
export const CALLBACK_URL = 'http://127.0.0.1/chaos/discord/sso/callback';

interface Deps {
  readonly discord: SandboxDiscord;
  /** The addresses of the processes that serve the API. */
  readonly addresses: () => readonly string[];
  /** Collects every token, code and ticket ever issued. */
  readonly planted: Planted[];
  readonly pages: { where: string; text: string }[];
}

/**
 * The requests of a browser from the sign-in address to the link, including consent at Discord. It
 * stops at a missing or unexpected response; the caller checks the result.
 */
export function createSignIn(deps: Deps) {
  const { discord, planted, pages } = deps;

  async function open(
    path: string,
    cookies: Map<string, string>,
    form?: string,
  ): Promise<Response> {
    const [address = ''] = deps.addresses();
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(`${address}${path}`, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: {
        cookie,
        'sec-fetch-site': 'same-origin',
        ...(form !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
        }),
      },
      ...(form !== undefined && { body: form }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    for (const text of response.headers.getSetCookie()) {
      const [name = '', value = ''] = text.split(';')[0]?.split('=') ?? [];
      cookies.set(name, value);
    }
    return response;
  }

  return async (url: string, discordUserId: string): Promise<void> => {
    const cookies = new Map<string, string>();
    const { search, searchParams } = new URL(url);
    const ticket = searchParams.get('ticket') ?? '';
    planted.push({ name: 'a ticket', value: ticket, toldIn: API_ANSWER });
    const start = `/discord/sso/start${search}`;
    await (await open(start, cookies)).text();
    const away = await open(start, cookies, '');
    const asked = new URL(away.headers.get('location') ?? 'about:blank');
    const state = asked.searchParams.get('state');
    if (state === null) return;
    const code = discord.oauth.authorize({
      discordUserId,
      applicationId: DEMO.applicationId,
      scopes: asked.searchParams.get('scope')?.split(' ') ?? [],
      redirectUri: CALLBACK_URL,
      codeChallenge: asked.searchParams.get('code_challenge'),
    });
    planted.push({ name: 'a code', value: code });
    const answer = new URLSearchParams({ code, state }).toString();
    const page = await open(`/discord/sso/callback?${answer}`, cookies);
    const text = await page.text();
    pages.push({ where: 'a page', text });
    for (const { kind, token } of discord.oauth.liveTokens({ discordUserId }))
      planted.push({ name: `a person's ${kind} token`, value: token });
  };
}

const PATIENCE_MS = 15_000;
