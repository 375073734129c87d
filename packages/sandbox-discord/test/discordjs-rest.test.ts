import { DiscordAPIError, HTTPError, type RateLimitData } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { connectRest } from './rest-client.js';
import {
  ANNA,
  BOOSTER,
  BOT,
  COUNCILLOR,
  GUILD,
  MINER,
  OWNER,
  PILOT,
  startSandbox,
} from './small-world.js';

describe('the REST client of discord.js', () => {
  it('lists all members', async () => {
    const { url } = await startSandbox();

    const query = new URLSearchParams({ limit: '1000' });
    const members = await connectRest(url).get(Routes.guildMembers(GUILD), {
      query,
    });

    const ids = [BOT, OWNER, ANNA, COUNCILLOR];
    expect(members).toMatchObject(ids.map((id) => ({ user: { id } })));
  });

  it('reads and changes a member, with a reason', async () => {
    const { url, sandbox } = await startSandbox();
    const rest = connectRest(url);

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
    const { url, sandbox } = await startSandbox();
    const rest = connectRest(url);

    const given = await rest.put(Routes.guildMemberRole(GUILD, ANNA, MINER));
    await rest.delete(Routes.guildMemberRole(GUILD, ANNA, PILOT));

    expect(given).toBeInstanceOf(ArrayBuffer);
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([MINER]);
  });

  it('understands a refusal', async () => {
    const { url } = await startSandbox();

    const refused = connectRest(url).put(Routes.guildMemberRole(GUILD, ANNA, BOOSTER));

    await expect(refused).rejects.toBeInstanceOf(DiscordAPIError);
    await expect(refused).rejects.toMatchObject({
      status: 403,
      code: 50013,
      message: 'Missing Permissions',
    });
  });

  it('understands what is wrong with a field', async () => {
    const { url } = await startSandbox();

    const refused = connectRest(url).patch(Routes.guildMember(GUILD, ANNA), {
      body: { nick: 'x'.repeat(33) },
    });

    await expect(refused).rejects.toMatchObject({
      code: 50035,
      message: expect.stringContaining('nick[BASE_TYPE_MAX_LENGTH]'),
    });
  });

  it('understands a failure', async () => {
    const { url, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'status', status: 503 } });

    await expect(connectRest(url).get(Routes.user())).rejects.toBeInstanceOf(HTTPError);
  });

  it('learns the bucket from the headers and waits by itself, so that no 429 comes', async () => {
    const { url, sandbox } = await startSandbox({
      limits: { memberGet: { limit: 3, windowMs: 300, window: 'fixed' } },
    });
    const rest = connectRest(url);
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
    const { url } = await startSandbox({ limits: {} });
    const rest = connectRest(url);
    await rest.put(Routes.guildMemberRole(GUILD, ANNA, MINER));
    await rest.delete(Routes.guildMemberRole(GUILD, ANNA, MINER));

    const hashes = [...rest.hashes].map(([route, hash]) => [route.split(':')[0], hash.value]);

    expect(hashes.map(([method]) => method)).toEqual(['PUT', 'DELETE']);
    expect(hashes[0]?.[1]).toBe(hashes[1]?.[1]);
  });

  it.each(['sharedLimit', 'globalLimit'] as const)(
    'honours a 429 and tries again: %s',
    async (kind) => {
      const { url, sandbox } = await startSandbox({ limits: {} });
      sandbox.faults.plant({ effect: { kind, retryAfterMs: 20 } });

      const member = await connectRest(url).get(Routes.guildMember(GUILD, ANNA));

      expect(member).toMatchObject({ roles: [PILOT] });
      expect(sandbox.calls.recent().map((call) => call.status)).toEqual([429, 200]);
      const [refused, done] = sandbox.calls.recent();
      // Retry-After is in whole seconds, as Discord sends it.
      expect((done?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
    },
  );
});
