import { DiscordAPIError, HTTPError, REST, type RateLimitData } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, describe, expect, it } from 'vitest';

import {
  ANNA,
  BOOSTER,
  BOT,
  COUNCILLOR,
  GUILD,
  MINER,
  OWNER,
  PILOT,
  sandboxes,
  TOKEN,
} from './small-world.js';

const start = sandboxes();
const clients: REST[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) {
    client.clearHandlerSweeper();
    client.clearHashSweeper();
  }
});

/** As anybody would point discord.js at another address. */
const connect = (url: string) => {
  const rest = new REST({
    api: `${url}/api`,
    version: '10',
    retries: 0,
  }).setToken(TOKEN);
  clients.push(rest);
  return rest;
};

describe('the REST client of discord.js', () => {
  it('lists all members', async () => {
    const { url } = await start();

    const query = new URLSearchParams({ limit: '1000' });
    const members = await connect(url).get(Routes.guildMembers(GUILD), {
      query,
    });

    const ids = [BOT, OWNER, ANNA, COUNCILLOR];
    expect(members).toMatchObject(ids.map((id) => ({ user: { id } })));
  });

  it('reads and changes a member, with a reason', async () => {
    const { url, sandbox } = await start();
    const rest = connect(url);

    const changed = await rest.patch(Routes.guildMember(GUILD, ANNA), {
      body: { nick: ' Anna  B ', roles: [MINER] },
      reason: 'Grüße 🚀',
    });
    const read = await rest.get(Routes.guildMember(GUILD, ANNA));

    expect(changed).toMatchObject({ nick: 'Anna B', roles: [MINER] });
    expect(read).toEqual(changed);
    expect(sandbox.guild(GUILD).auditLog.map((entry) => entry.reason)).toEqual([
      'Grüße 🚀',
      'Grüße 🚀',
    ]);
  });

  it('gives and takes a role, which answers with nothing', async () => {
    const { url, sandbox } = await start();
    const rest = connect(url);

    const given = await rest.put(Routes.guildMemberRole(GUILD, ANNA, MINER));
    await rest.delete(Routes.guildMemberRole(GUILD, ANNA, PILOT));

    expect(given).toBeInstanceOf(ArrayBuffer);
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([MINER]);
  });

  it('understands a refusal', async () => {
    const { url } = await start();

    const refused = connect(url).put(Routes.guildMemberRole(GUILD, ANNA, BOOSTER));

    await expect(refused).rejects.toBeInstanceOf(DiscordAPIError);
    await expect(refused).rejects.toMatchObject({
      status: 403,
      code: 50013,
      message: 'Missing Permissions',
    });
  });

  it('understands what is wrong with a field', async () => {
    const { url } = await start();

    const refused = connect(url).patch(Routes.guildMember(GUILD, ANNA), {
      body: { nick: 'x'.repeat(33) },
    });

    await expect(refused).rejects.toMatchObject({
      code: 50035,
      message: expect.stringContaining('nick[BASE_TYPE_MAX_LENGTH]'),
    });
  });

  it('understands a failure', async () => {
    const { url, sandbox } = await start();
    sandbox.faults.plant({ effect: { kind: 'status', status: 503 } });

    await expect(connect(url).get(Routes.user())).rejects.toBeInstanceOf(HTTPError);
  });

  it('learns the bucket from the headers and waits by itself, so that no 429 comes', async () => {
    const { url, sandbox } = await start({
      limits: { memberGet: { limit: 3, windowMs: 300, window: 'fixed' } },
    });
    const rest = connect(url);
    const waits: RateLimitData[] = [];
    rest.on('rateLimited', (wait) => waits.push(wait));

    await Promise.all(Array.from({ length: 7 }, () => rest.get(Routes.guildMember(GUILD, ANNA))));

    expect(waits.length).toBeGreaterThan(0);
    expect(waits[0]).toMatchObject({
      limit: 3,
      majorParameter: GUILD,
      scope: 'user',
    });
    expect(sandbox.calls.count({ status: 429 })).toBe(0);
    expect(sandbox.calls.count({ status: 200 })).toBe(7);
  });

  it('uses one queue for giving and taking roles, since they name the same bucket', async () => {
    const { url } = await start({ limits: {} });
    const rest = connect(url);
    await rest.put(Routes.guildMemberRole(GUILD, ANNA, MINER));
    await rest.delete(Routes.guildMemberRole(GUILD, ANNA, MINER));

    const hashes = [...rest.hashes].map(([route, hash]) => [route.split(':')[0], hash.value]);

    expect(hashes.map(([method]) => method)).toEqual(['PUT', 'DELETE']);
    expect(hashes[0]?.[1]).toBe(hashes[1]?.[1]);
  });

  it.each(['sharedLimit', 'globalLimit'] as const)(
    'honours a 429 and tries again: %s',
    async (kind) => {
      const { url, sandbox } = await start({ limits: {} });
      sandbox.faults.plant({ effect: { kind, retryAfterMs: 20 } });

      const member = await connect(url).get(Routes.guildMember(GUILD, ANNA));

      expect(member).toMatchObject({ roles: [PILOT] });
      expect(sandbox.calls.recent().map((call) => call.status)).toEqual([429, 200]);
      const [refused, done] = sandbox.calls.recent();
      // Retry-After is in whole seconds, as Discord sends it.
      expect((done?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
    },
  );
});
