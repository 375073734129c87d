import { describe, expect, test } from 'vitest';

import { exampleWorld } from '../src/example-world.js';
import { greeting } from '../src/greeting.js';
import { urlFor } from '../src/http-server.js';
import { createSandboxDiscord } from '../src/sandbox-discord.js';

const ADDRESS = {
  url: 'http://127.0.0.1:4010',
  port: 4010,
  apiBase: 'http://127.0.0.1:4010/api/v10',
};

describe('the example world', () => {
  test('lets its bot grant two roles, and neither the one above it nor the managed one', async ({
    onTestFinished,
  }) => {
    const world = exampleWorld();
    const discord = createSandboxDiscord({ world, limits: null });
    const { apiBase } = await discord.start();
    onTestFinished(() => discord.stop());
    const [guild] = discord.world().guilds;
    const bob = world.users.find(({ username }) => username === 'bob')?.discordUserId;
    const grant = async (roleId: string) => {
      const path = `guilds/${guild?.guildId}/members/${bob}/roles/${roleId}`;
      const headers = { authorization: `Bot ${world.applications[0]?.botToken}` };
      return (await fetch(`${apiBase}/${path}`, { method: 'PUT', headers })).status;
    };

    const answers = await Promise.all(
      (guild?.roles ?? []).map(async ({ roleId, name }) => [name, await grant(roleId)]),
    );

    expect(Object.fromEntries(answers)).toMatchObject({
      Admin: 403,
      'Example Bot': 403,
      Moderator: 204,
      Member: 204,
      'Server Booster': 403,
    });
  });
});

describe('the greeting', () => {
  const world = (members: number) => {
    const users = Array.from({ length: members }, (_, n) => ({
      discordUserId: String(10n ** 17n + BigInt(n)),
      username: `person-${n}`,
    }));
    const [guild] = exampleWorld().guilds;
    if (guild === undefined) throw new Error('the example world has no guild');
    const all = users.map(({ discordUserId }) => ({ discordUserId, roleIds: [] }));
    const discord = createSandboxDiscord({
      world: { ...exampleWorld(), users, guilds: [{ ...guild, members: all }] },
    });
    return { ...discord.world(), guilds: [discord.guild(guild.guildId)] };
  };

  test('lists the roles from the highest, without @everyone', () => {
    const roles = [...greeting(ADDRESS, world(1)).matchAll(/role +\d+ {2}(.+)/g)];

    expect(roles.map(([, name]) => name)).toEqual([
      'Admin',
      'Example Bot',
      'Moderator',
      'Member',
      'Server Booster',
    ]);
  });

  test('stays short for a guild of thousands', () => {
    const text = greeting(ADDRESS, world(5_000));

    expect(text.split('\n').length).toBeLessThan(60);
    expect(text).toContain('person-11\n      … and 4988 more\n');
  });

  test('names the redirect addresses of each application', () => {
    const given = { ...world(1), applications: exampleWorld(['http://a/b']).applications };

    expect(greeting(ADDRESS, given)).toMatch(/Redirect +http:\/\/a\/b\n/);
  });
});

describe('the address', () => {
  test.each([
    ['127.0.0.1', 'http://127.0.0.1:80'],
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://127.0.0.1:80'],
    ['::1', 'http://[::1]:80'],
    ['sandbox.test', 'http://sandbox.test:80'],
  ])('of a server on %s can be called', (host, url) => {
    expect(urlFor(host, 80)).toBe(url);
  });
});
