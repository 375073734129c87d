import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RefusedTokenError } from '../../../../services/lib/errors.js';
import { startScriptedDiscord, type ScriptedDiscord } from '../../../fakes/scripted-discord.js';
import { failureOf, guild, setUpGateway } from '../gateway-setup.js';

let discord: ScriptedDiscord;

beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const body = {
  url: 'wss://gateway.discord.gg',
  shards: 2,
  session_start_limit: { total: 1000, remaining: 998, reset_after: 3_600_000, max_concurrency: 1 },
};
const limit = body.session_start_limit;

describe('reading the gateway’s address', () => {
  it('returns how many shards and session starts Discord allows', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ body });

    expect(await gateway.readGatewayInformation(guild)).toEqual({
      url: 'wss://gateway.discord.gg',
      shards: 2,
      startLimit: { remaining: 998, resetAfterMs: 3_600_000 },
    });
    expect(discord.requests.map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/gateway\/bot$/),
    ]);
  });

  it.each([
    ['url', { ...body, url: null }],
    ['shards', { ...body, shards: 0 }],
    ['shards', { ...body, shards: 1e9 }],
    ['session_start_limit', { ...body, session_start_limit: undefined }],
    [
      'session_start_limit.remaining',
      { ...body, session_start_limit: { ...limit, remaining: -1 } },
    ],
    [
      'session_start_limit.reset_after',
      { ...body, session_start_limit: { ...limit, reset_after: '5' } },
    ],
  ])('fails if the response has a faulty %s', async (field, faulty) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ body: faulty });

    const failure = await failureOf(gateway.readGatewayInformation(guild));

    expect(failure.name).toBe('UnavailableError');
    expect(failure.message).toContain(`(${field})`);
  });

  it('stops the client if Discord rejects the token', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ status: 401, body: { message: 'in words', code: 0 } });

    const failure = await failureOf(gateway.readGatewayInformation(guild));

    expect(failure).toBeInstanceOf(RefusedTokenError);
  });
});
