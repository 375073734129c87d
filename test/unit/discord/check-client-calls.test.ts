import type { SandboxFault } from 'sandbox-discord';
import { describe, expect, it } from 'vitest';

import { faultsOf, named, useCheckedClient } from './check-client-setup.js';
import { BOT, HIGH_ROLE } from './client-world.js';
import { GUILD, ROLE } from './gateway-setup.js';

const { check, discord, grant, replaceWorld } = useCheckedClient();

const plant = (fault: Omit<SandboxFault, 'times'>) =>
  discord().faults.plant({ ...fault, times: null });

describe('a bot', () => {
  it('with a rejected token gets no further calls', async () => {
    const checks = await check({}, { botToken: 'another.token' });

    expect(faultsOf(checks)).toEqual(['FAILED bot token']);
    expect(named(checks, 'bot token')?.remedy).toContain('Copy the token');
    expect(checks).toHaveLength(2);
    expect(discord().calls.count()).toBe(1);
  });

  it.each([10004, 50001] as const)(
    'that is not in the guild (%s) gets the remedy to invite it, and dependent checks are skipped',
    async (code) => {
      plant({
        effect: { kind: 'status', status: code === 10004 ? 404 : 403, code },
        route: '/guilds/*',
      });

      const checks = await check();

      expect(faultsOf(checks)).toEqual(['FAILED bot in guild']);
      expect(named(checks, 'bot in guild')).toMatchObject({
        message: `The bot is not in guild ${GUILD}.`,
        remedy: 'Invite the bot with botInviteUrl.',
      });
      expect(named(checks, 'invite link')?.result).toBe('OK');
      expect(discord().calls.count()).toBe(4);
    },
  );

  it('that owns the guild has every permission', async () => {
    await replaceWorld((world) => ({
      ...world,
      guilds: world.guilds.map((one) => ({ ...one, ownerId: BOT })),
    }));
    grant(0n);

    expect(faultsOf(await check({ mappedRoleIds: [ROLE, HIGH_ROLE] }))).toEqual([]);
  });
});

describe('a call that fails', () => {
  const rows = [
    ['/users/@me', 'bot token', []],
    ['/applications/@me', 'application', ['server members intent', 'callback address']],
    ['/guilds/{guild_id}', 'bot in guild', ['two-factor authentication']],
    [
      '/guilds/{guild_id}/members/{user_id}',
      'roles of the bot',
      [
        'permission Manage Roles',
        'permission Manage Nicknames',
        'permission Create Invite',
        'permission View Audit Log',
        'permission Administrator',
      ],
    ],
    [
      '/guilds/{guild_id}/roles',
      'roles of the guild',
      [
        'permission Manage Roles',
        'permission Manage Nicknames',
        'permission Create Invite',
        'permission View Audit Log',
        'permission Administrator',
        'mapped roles',
        'room for roles',
      ],
    ],
    ['/invites/{code}', 'invite link', []],
  ] as const;
  const effects = [
    { kind: 'status', status: 503 },
    { kind: 'html', status: 502 },
    { kind: 'drop' },
    { kind: 'silence' },
  ] as const;

  it.each(
    rows.flatMap(([route, name, missing]) =>
      effects.map((effect) => ({ route, name, missing, effect })),
    ),
  )('at $route by $effect.kind hides only the checks that depend on it', async (row) => {
    const all = (await check()).map(({ name }) => name);
    plant({ route: row.route, effect: row.effect });

    // Long enough for the calls that are answered, even on a busy machine.
    const checks = await check({}, { timeoutMs: 600 });

    expect(faultsOf(checks)).toEqual([`FAILED ${row.name}`]);
    expect(named(checks, row.name)).toMatchObject({
      message: expect.stringMatching(/^Discord does not respond: .*\.$/),
      remedy: expect.stringContaining('Check again'),
    });
    const hidden: readonly string[] = row.missing;
    const names = checks.map(({ name }) => name);
    expect(all.filter((name) => !names.includes(name)).toSorted()).toEqual(
      hidden.filter((name) => all.includes(name)).toSorted(),
    );
  });

  it('because of a rate limit is reported with the time of the next try', async () => {
    plant({
      route: '/guilds/{guild_id}/roles',
      effect: { kind: 'sharedLimit', retryAfterMs: 2000 },
    });

    const checks = await check();

    expect(named(checks, 'roles of the guild')).toMatchObject({
      result: 'FAILED',
      message: expect.stringContaining('annot be checked before 2026-01-01T'),
      remedy: 'Check again after that time.',
    });
    expect(named(checks, 'bot in guild')?.result).toBe('OK');
  });

  it('does not mean that the bot is not in the guild if all other calls fail too', async () => {
    plant({ effect: { kind: 'status', status: 500 } });

    const checks = await check();

    expect(named(checks, 'bot in guild')?.message).toContain('Discord does not respond');
    expect(checks.filter(({ result }) => result === 'OK')).toHaveLength(1);
    expect(discord().calls.count()).toBeLessThanOrEqual(6);
  });
});
