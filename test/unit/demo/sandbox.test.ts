import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { startSandbox } from '../../../services/demo/sandbox.js';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function makeDataDir() {
  const dataDir = await mkdtemp(join(tmpdir(), 'sandbox-'));
  undo.push(() => rm(dataDir, { recursive: true }));
  return dataDir;
}

const start = (dataDir: string) =>
  startSandbox({
    dataDir,
    port: 0,
    host: '127.0.0.1',
    needsDatabase: false,
    logger: silentLogger,
  });

type Running = Awaited<ReturnType<typeof start>>;

const consentPage = async ({ client }: Running, redirect_uri: string) => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.applicationId,
    scope: 'identify',
    redirect_uri,
  });
  return (await fetch(`${client.endpoints.authorizeUrl}?${query}`)).status;
};

describe('the callback of the consent page', () => {
  it('is accepted only after the API has registered its address', async () => {
    const sandbox = await start(await makeDataDir());
    undo.push(() => sandbox.stop());
    const callback = 'http://127.0.0.1:4000/discord/sso/callback';
    const before = await consentPage(sandbox, callback);

    const registered = sandbox.registerCallback('http://127.0.0.1:4000');

    expect(before).toBe(400);
    expect(registered).toBe(callback);
    expect(await consentPage(sandbox, callback)).toBe(200);
  });

  it('is kept after a restart, along with the newly registered callback', async () => {
    const dataDir = await makeDataDir();
    const first = await start(dataDir);
    const old = first.registerCallback('http://127.0.0.1:4000');
    first.registerCallback('http://127.0.0.1:4000');
    await first.stop();

    const second = await start(dataDir);
    undo.push(() => second.stop());
    const fresh = second.registerCallback('https://links.example.org/base/');
    const { apiBase } = second.client.endpoints;
    const answer = await fetch(`${apiBase}/applications/@me`, {
      headers: { Authorization: `Bot ${second.secrets.botToken}` },
    });

    expect(fresh).toBe('https://links.example.org/base/discord/sso/callback');
    expect(await answer.json()).toMatchObject({ redirect_uris: [old, fresh] });
  });

  it('is never a wildcard address', async () => {
    const sandbox = await start(await makeDataDir());
    undo.push(() => sandbox.stop());

    expect(sandbox.registerCallback('http://0.0.0.0:4000')).toBe(
      'http://127.0.0.1:4000/discord/sso/callback',
    );
  });
});

describe('the demo', () => {
  it('has a permanent invite to its guild', async () => {
    const sandbox = await start(await makeDataDir());
    undo.push(() => sandbox.stop());
    const { apiBase } = sandbox.client.endpoints;

    const answer = await fetch(`${apiBase}/invites/${DEMO.inviteCode}`);

    expect(await answer.json()).toMatchObject({
      guild_id: DEMO.guildId,
      expires_at: null,
    });
  });

  it('lets a person sign in and join through its endpoints', async () => {
    const sandbox = await start(await makeDataDir());
    undo.push(() => sandbox.stop());
    const { endpoints, applicationId } = sandbox.client;
    const redirect_uri = sandbox.registerCallback('http://127.0.0.1:4000');
    const asked = { client_id: applicationId, redirect_uri };
    const credentials = {
      client_id: applicationId,
      client_secret: sandbox.secrets.clientSecret,
    };
    const post = (url: string, fields: Record<string, string>) => {
      const body = new URLSearchParams(fields);
      return fetch(url, { method: 'POST', body, redirect: 'manual' });
    };

    const pressed = await post(endpoints.authorizeUrl, {
      ...asked,
      response_type: 'code',
      scope: 'identify guilds.join',
      person: DEMO.accounts.erin,
      decision: 'authorize',
    });
    const back = new URL(pressed.headers.get('location') ?? 'about:blank');
    const exchanged = await post(endpoints.tokenUrl, {
      ...credentials,
      grant_type: 'authorization_code',
      redirect_uri,
      code: back.searchParams.get('code') ?? '',
    });
    const { access_token } = await exchanged.json();
    const { guildId } = DEMO;
    const { erin } = DEMO.accounts;
    const joined = await fetch(`${endpoints.apiBase}/guilds/${guildId}/members/${erin}`, {
      method: 'PUT',
      headers: {
        Authorization: `Bot ${sandbox.secrets.botToken}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ access_token, roles: [DEMO.roles.pilot] }),
    });
    const revoked = await post(endpoints.revokeUrl, {
      ...credentials,
      token: access_token,
    });

    expect(joined.status).toBe(201);
    expect(revoked.status).toBe(200);
  });
});
