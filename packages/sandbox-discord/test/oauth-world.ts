import { createHash } from 'node:crypto';

import type { SandboxApplication } from '../src/world.js';
import {
  APPLICATION,
  BOT,
  smallWorld,
  standingClock,
  type StartOptions,
  startSandbox,
  TOKEN,
} from './small-world.js';

export const SECRET = 'client-secret-of-the-small-world';
export const CALLBACK = 'http://127.0.0.1:4000/discord/sso/callback';
export const OTHER_CALLBACK = 'https://example.org/back?tenant=7';
/** A second application, to be kept apart from the first. */
export const OTHER_APPLICATION = '299999999999999999';
export const OTHER_SECRET = 'client-secret-of-another';
export const VERIFIER = 'v'.repeat(43);
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

const application: SandboxApplication = {
  applicationId: APPLICATION,
  name: 'Connector',
  botUserId: BOT,
  botToken: TOKEN,
  clientSecret: SECRET,
  redirectUris: [CALLBACK, OTHER_CALLBACK],
};

export const oauthWorld = () =>
  smallWorld({
    applications: [
      application,
      {
        ...application,
        applicationId: OTHER_APPLICATION,
        botToken: 'another-bot-token',
        clientSecret: OTHER_SECRET,
      },
      { ...application, applicationId: '299999999999999998', clientSecret: '' },
    ],
  });

type Fields = Readonly<Record<string, string | undefined>>;

/** Left out where undefined. */
const encoded = (fields: Fields) =>
  new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** A sandbox under a clock that the test moves, with what a browser and an application send it. */
export async function startOauthSandbox(options: StartOptions = {}) {
  const { clock, advance } = standingClock();
  const started = await startSandbox({ world: oauthWorld(), clock, ...options });
  return { ...started, ...browserAt(started.url), ...clientAt(started.apiBase), advance };
}

function browserAt(url: string) {
  const asked = (changes: Fields = {}): Fields => ({
    response_type: 'code',
    client_id: APPLICATION,
    scope: 'identify email guilds.join',
    redirect_uri: CALLBACK,
    state: 'the-state',
    ...changes,
  });
  const visit = (changes: Fields = {}, headers: Record<string, string> = {}) =>
    fetch(`${url}/oauth2/authorize?${encoded(asked(changes))}`, {
      headers,
      redirect: 'manual',
    });
  const press = (changes: Fields, headers: Record<string, string> = {}) =>
    fetch(`${url}/oauth2/authorize`, {
      method: 'POST',
      headers,
      body: encoded(asked({ decision: 'authorize', ...changes })),
      redirect: 'manual',
    });
  return { visit, press };
}

function clientAt(apiBase: string) {
  const post = async (path: string, fields: Fields, headers: Record<string, string> = {}) => {
    const body = encoded({
      client_id: APPLICATION,
      client_secret: SECRET,
      ...fields,
    });
    const options = { method: 'POST', headers, body };
    const response = await fetch(apiBase + path, options);
    return { status: response.status, body: await response.json() };
  };
  return {
    post,
    exchange: (code: string, changes: Fields = {}) =>
      post('/oauth2/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        ...changes,
      }),
    refresh: (refresh_token: string, changes: Fields = {}) =>
      post('/oauth2/token', {
        grant_type: 'refresh_token',
        refresh_token,
        ...changes,
      }),
    revoke: (token: string, changes: Fields = {}) =>
      post('/oauth2/token/revoke', { token, ...changes }),
  };
}

export const asPerson = (token: string) => ({
  headers: { Authorization: `Bearer ${token}` },
});

export const basic = (clientId: string, clientSecret: string) => ({
  Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
});

/** The address that an answer sends a browser to. */
export const sentTo = (response: Response) =>
  new URL(response.headers.get('location') ?? 'about:blank');
