import { PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { createLiveWorld } from '../src/live-world.js';
import { normaliseNick } from '../src/nickname.js';
import { canActOn, canMoveRole, permissionsOf, ranksAbove } from '../src/permissions.js';
import { takeFromBucket } from '../src/rate-bucket.js';
import { moveRole } from '../src/role-order.js';
import { matchRoute } from '../src/route.js';
import { compareSnowflakes, createIds, isSnowflake, timeOfSnowflake } from '../src/snowflake.js';
import {
  ANNA,
  BOOSTER,
  BOT,
  BOT_ROLE,
  COUNCIL,
  COUNCILLOR,
  GUILD,
  MINER,
  OWNER,
  PILOT,
  smallGuild,
  smallWorld,
} from './small-world.js';

describe('a nickname', () => {
  it.each([
    ['stays as it is when it is clean', 'Anna', 'Anna'],
    ['loses the blanks around it', '  Anna ', 'Anna'],
    ['keeps one blank of many', 'An \t  na', 'An na'],
    ['loses zero-width characters', 'An\u200Bna\uFEFF', 'Anna'],
    ['keeps what joins an emoji', '👨‍👩‍👧', '👨‍👩‍👧'],
    ['is none when nothing is left', ' \u200B ', null],
    ['is none when it is empty', '', null],
    ['is none when it is null', null, null],
  ])('%s', (_name, given, kept) => {
    expect(normaliseNick(given)).toBe(kept);
  });
});

describe('ids', () => {
  it('are ordered as numbers, not as text', () => {
    expect(['1000000000000000000', '999999999999999999', '5'].sort(compareSnowflakes)).toEqual([
      '5',
      '999999999999999999',
      '1000000000000000000',
    ]);
  });

  it.each(['@me', '01', '1.5', '-1', '', 'abc', 7])('are not %j', (value) => {
    expect(isSnowflake(value)).toBe(false);
  });

  it('rise and never repeat while the clock stands', () => {
    const nextId = createIds(() => 1_700_000_000_000);

    const ids = [nextId(), nextId(), nextId()];

    expect(new Set(ids).size).toBe(3);
    expect(ids.toSorted(compareSnowflakes)).toEqual(ids);
    expect(timeOfSnowflake(ids[0] ?? '0')).toBe(1_700_000_000_000);
  });
});

describe('rank', () => {
  const now = 1_700_000_000_000;
  const live = (guild = smallGuild()) => {
    const world = createLiveWorld(smallWorld({ guilds: [guild] }), () => now);
    const found = world.guilds.get(GUILD);
    if (!found) throw new Error('the small world has no guild');
    const member = (discordUserId: string) => {
      const one = found.members.get(discordUserId);
      if (!one) throw new Error(`${discordUserId} is not a member`);
      return one;
    };
    const role = (roleId: string) => {
      const one = found.roles.get(roleId);
      if (!one) throw new Error(`there is no role ${roleId}`);
      return one;
    };
    return { guild: found, member, role };
  };

  it('goes by position, and of equals the older role is the higher', () => {
    const { role } = live();
    const twin = { ...role(PILOT), roleId: '499999999999999999' };

    expect(ranksAbove(role(COUNCIL), role(PILOT))).toBe(true);
    expect(ranksAbove(role(PILOT), role(COUNCIL))).toBe(false);
    expect(ranksAbove(role(PILOT), twin)).toBe(true);
    expect(ranksAbove(twin, role(PILOT))).toBe(false);
    expect(ranksAbove(role(PILOT), role(PILOT))).toBe(false);
  });

  it.each([
    ['a role below its own', PILOT, true],
    ['its own role', BOT_ROLE, false],
    ['a role above its own', COUNCIL, false],
  ])('lets a bot move %s: %s %s', (_name, roleId, allowed) => {
    const { guild, member, role } = live();

    expect(canMoveRole(guild, member(BOT), role(roleId))).toBe(allowed);
  });

  it('is not lifted by ADMINISTRATOR', () => {
    const { guild, member, role } = live(
      smallGuild({ botPermissions: PermissionFlagsBits.Administrator }),
    );

    expect(permissionsOf(guild, member(BOT), now)).toBeGreaterThan(
      PermissionFlagsBits.Administrator,
    );
    expect(canMoveRole(guild, member(BOT), role(COUNCIL))).toBe(false);
    expect(canActOn(guild, member(BOT), member(COUNCILLOR))).toBe(false);
  });

  it.each([
    ['a member below', ANNA, true],
    ['a member above', COUNCILLOR, false],
    ['the owner, who has no role at all', OWNER, false],
    ['itself, being its own equal', BOT, false],
  ])('lets a bot act on %s: %s %s', (_name, target, allowed) => {
    const { guild, member } = live();

    expect(canActOn(guild, member(BOT), member(target))).toBe(allowed);
  });

  it('puts the owner above all roles', () => {
    const { guild, member, role } = live();

    expect(canMoveRole(guild, member(OWNER), role(COUNCIL))).toBe(true);
    expect(canActOn(guild, member(OWNER), member(COUNCILLOR))).toBe(true);
  });

  it('leaves somebody timed out only what lets them look', () => {
    const until = new Date(now + 1000).toISOString();
    const { guild, member } = live();
    const silenced = { ...member(BOT), communicationDisabledUntil: until };

    expect(permissionsOf(guild, silenced, now)).toBe(0n);
    expect(permissionsOf(guild, silenced, now + 2000)).not.toBe(0n);
  });

  it('closes up around a role that is moved', () => {
    const { guild } = live();

    const moved = moveRole([...guild.roles.values()], MINER, 5);

    expect(moved.map((role) => [role.roleId, role.position])).toEqual([
      [GUILD, 0],
      [BOOSTER, 1],
      [PILOT, 2],
      [BOT_ROLE, 3],
      [COUNCIL, 4],
      [MINER, 5],
    ]);
  });
});

describe('a bucket', () => {
  const takeTimes = (limit: Parameters<typeof takeFromBucket>[0], times: readonly number[]) => {
    let bucket: Parameters<typeof takeFromBucket>[1];
    return times.map((now) => {
      const taken = takeFromBucket(limit, bucket, now);
      bucket = taken.bucket;
      return taken.verdict;
    });
  };

  it('with a fixed window gives all back at once, a window after the first', () => {
    const verdicts = takeTimes({ limit: 2, windowMs: 1000, window: 'fixed' }, [0, 900, 950, 1000]);

    expect(verdicts.map((one) => one.isAllowed)).toEqual([true, true, false, true]);
    expect(verdicts[1]).toMatchObject({ remaining: 0, resetAfterMs: 100 });
    expect(verdicts[2]).toMatchObject({ retryAfterMs: 50 });
    expect(verdicts[3]).toMatchObject({ remaining: 1, resetAfterMs: 1000 });
  });

  it('with a sliding window gives back one by one', () => {
    const verdicts = takeTimes(
      { limit: 2, windowMs: 1000, window: 'sliding' },
      [0, 0, 100, 500, 500],
    );

    expect(verdicts.map((one) => one.isAllowed)).toEqual([true, true, false, true, false]);
    expect(verdicts[1]).toMatchObject({ remaining: 0, resetAfterMs: 1000 });
    expect(verdicts[2]?.retryAfterMs).toBeCloseTo(400);
    expect(verdicts[4]?.retryAfterMs).toBeCloseTo(500);
  });

  it('never lets through more than its limit and what came back since', () => {
    const everyTenMs = Array.from({ length: 301 }, (_, index) => index * 10);

    const verdicts = takeTimes({ limit: 5, windowMs: 1000, window: 'sliding' }, everyTenMs);

    expect(verdicts.filter((one) => one.isAllowed)).toHaveLength(5 + 15);
  });
});

describe('a route', () => {
  const route = (method: string, template: string) => ({
    method,
    template,
    decide: () => ({ status: 204 }),
  });
  const routes = [
    route('GET', '/guilds/{guild_id}/members/search'),
    route('GET', '/guilds/{guild_id}/members/{user_id}'),
  ];

  it.each([
    ['/guilds/1/members/search', '/guilds/{guild_id}/members/search'],
    ['/guilds/1/members/2', '/guilds/{guild_id}/members/{user_id}'],
    ['/guilds/1/members/%40me', '/guilds/{guild_id}/members/{user_id}'],
    ['/guilds/1/members', undefined],
    ['/guilds/1/members/2/3', undefined],
  ])('for %s is %s', (path, template) => {
    expect(matchRoute(routes, 'GET', path)?.route.template).toBe(template);
  });
});
