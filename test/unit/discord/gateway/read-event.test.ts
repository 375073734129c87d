import { AuditLogEvent } from 'discord-api-types/v10';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { readEvent } from '../../../../services/discord/gateway/read-event.js';

const GUILD = '300000000000000003';
const BOT = '200000000000000002';
const ALICE = '700000000000000007';
const BOB = '800000000000000008';
const PILOT = '120000000000000012';
const MINER = '120000000000000013';

const user = { id: ALICE, username: 'alice', global_name: 'Alice', discriminator: '0' };
const member = {
  guild_id: GUILD,
  user,
  roles: [PILOT],
  nick: 'Ali',
  pending: false,
  communication_disabled_until: null,
  joined_at: '2026-04-26T06:26:56.936000+00:00',
  mute: false,
  deaf: false,
  flags: 0,
};
const entry = {
  guild_id: GUILD,
  id: '990000000000000009',
  action_type: AuditLogEvent.MemberRoleUpdate,
  user_id: BOB,
  target_id: ALICE,
  changes: [
    { key: '$add', new_value: [{ id: PILOT, name: 'Pilot' }] },
    { key: '$remove', new_value: [{ id: MINER, name: 'Miner' }] },
  ],
};

const read = (name: string, body: unknown, length = 1000) => readEvent({ name, body, length }, BOT);

const shown = {
  roleIds: [PILOT],
  username: 'alice',
  displayName: 'Alice',
  nickname: 'Ali',
  isPending: false,
  timedOutUntil: null,
  joinedAt: new Date('2026-04-26T06:26:56.936Z'),
};

describe('an event', () => {
  it.each<readonly [string, unknown, unknown]>([
    [
      'GUILD_MEMBER_ADD',
      member,
      { kind: 'memberShown', discordUserId: ALICE, member: shown, hasJoined: true },
    ],
    [
      'GUILD_MEMBER_UPDATE',
      member,
      { kind: 'memberShown', discordUserId: ALICE, member: shown, hasJoined: false },
    ],
    [
      'GUILD_MEMBER_REMOVE',
      { guild_id: GUILD, user },
      { kind: 'memberLeft', discordUserId: ALICE },
    ],
    [
      'GUILD_BAN_ADD',
      { guild_id: GUILD, user },
      { kind: 'ban', discordUserId: ALICE, isBanned: true },
    ],
    [
      'GUILD_BAN_REMOVE',
      { guild_id: GUILD, user },
      { kind: 'ban', discordUserId: ALICE, isBanned: false },
    ],
    ['GUILD_ROLE_CREATE', { guild_id: GUILD, role: { id: PILOT } }, { kind: 'rolesChanged' }],
    ['GUILD_ROLE_UPDATE', { guild_id: GUILD, role: { id: PILOT } }, { kind: 'rolesChanged' }],
    ['GUILD_ROLE_DELETE', { guild_id: GUILD, role_id: PILOT }, { kind: 'rolesChanged' }],
    ['GUILD_CREATE', { id: GUILD, unavailable: false, roles: [] }, { kind: 'guildAvailable' }],
    ['GUILD_UPDATE', { id: GUILD, owner_id: '9' }, { kind: 'rolesChanged' }],
    ['GUILD_CREATE', { id: GUILD }, { kind: 'guildAvailable' }],
    ['GUILD_CREATE', { id: GUILD, unavailable: true }, { kind: 'guildUnavailable' }],
    ['GUILD_DELETE', { id: GUILD, unavailable: true }, { kind: 'guildUnavailable' }],
    ['GUILD_DELETE', { id: GUILD }, { kind: 'guildLeft' }],
    [
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
      entry,
      {
        kind: 'handEntry',
        entryId: entry.id,
        discordUserId: ALICE,
        byDiscordUserId: BOB,
        added: [PILOT],
        removed: [MINER],
      },
    ],
  ])('%s is read as the change it reports', (name, body, change) => {
    expect(read(name, body)).toEqual({ kind: 'event', event: { guildId: GUILD, change } });
  });

  it('about the bot itself means that its roles may have changed', () => {
    const own = { ...member, user: { ...user, id: BOT } };

    for (const name of ['GUILD_MEMBER_ADD', 'GUILD_MEMBER_UPDATE'])
      expect(read(name, own)).toMatchObject({ event: { change: { kind: 'rolesChanged' } } });
    expect(read('GUILD_MEMBER_REMOVE', own)).toEqual({ kind: 'irrelevant' });
  });

  it.each([
    'READY',
    'RESUMED',
    'CHANNEL_CREATE',
    'GUILD_EMOJIS_UPDATE',
    'constructor',
    '__proto__',
    '',
  ])('named %j is irrelevant', (name) => {
    expect(read(name, member)).toEqual({ kind: 'irrelevant' });
  });
});

describe('a member', () => {
  const memberOf = (body: unknown) => {
    const reading = read('GUILD_MEMBER_UPDATE', body);
    return reading.kind === 'event' && reading.event.change.kind === 'memberShown'
      ? reading.event.change.member
      : reading;
  };

  it('may lack the fields that Discord documents as optional', () => {
    const { guild_id, roles } = member;

    expect(memberOf({ guild_id, roles, user: { id: ALICE, username: 'alice' } })).toEqual({
      roleIds: [PILOT],
      username: 'alice',
      displayName: null,
      nickname: null,
      isPending: false,
      timedOutUntil: null,
    });
    expect(memberOf({ ...member, joined_at: null })).not.toHaveProperty('joinedAt');
  });

  it('may have fields that do not exist yet', () => {
    expect(memberOf({ ...member, wings: 2, user: { ...user, halo: {} } })).toEqual(shown);
  });

  it('has names without NUL, which PostgreSQL would refuse', () => {
    const names = { username: 'al\0ice', global_name: '\0' };

    expect(memberOf({ ...member, user: { ...user, ...names }, nick: 'A\0li' })).toMatchObject({
      username: 'alice',
      displayName: '',
      nickname: 'Ali',
    });
  });

  it('who is a bot, pending or timed out is shown as such', () => {
    const until = '2026-12-01T00:00:00.000000+00:00';

    expect(
      memberOf({
        ...member,
        user: { ...user, bot: true },
        pending: true,
        communication_disabled_until: until,
      }),
    ).toEqual({ ...shown, isBot: true, isPending: true, timedOutUntil: new Date(until) });
  });
});

describe('an audit log entry', () => {
  const log = (changes: object) => read('GUILD_AUDIT_LOG_ENTRY_CREATE', { ...entry, ...changes });

  it('of the bot itself is irrelevant', () => {
    expect(log({ user_id: BOT })).toEqual({ kind: 'irrelevant' });
  });

  it.each([
    ['a kick', { action_type: AuditLogEvent.MemberKick, target_id: null, changes: 'x' }],
    ['a time-out', { action_type: AuditLogEvent.MemberUpdate, changes: [{ key: 'mute' }] }],
    ['no role at all', { changes: [] }],
    ['an unknown action', { action_type: 99_999 }],
  ])('about %s is irrelevant', (_, changes) => {
    expect(log(changes)).toEqual({ kind: 'irrelevant' });
  });

  it('about a nickname names who changed it', () => {
    const changes = [{ key: 'nick', old_value: 'Ali', new_value: 'Al' }];

    expect(log({ action_type: AuditLogEvent.MemberUpdate, changes })).toMatchObject({
      event: { change: { byDiscordUserId: BOB, added: [], removed: [] } },
    });
  });

  it('may not name who changed the role', () => {
    expect(log({ user_id: null })).toMatchObject({ event: { change: { byDiscordUserId: null } } });
  });

  it.each([
    ['target_id', { target_id: null }],
    ['changes', { changes: [{ key: '$add', new_value: [{ id: 12 }] }] }],
    ['changes', { changes: { $add: [] } }],
    ['action_type', { action_type: '25' }],
    ['id', { id: undefined }],
  ])('with a faulty %s is unreadable', (reason, changes) => {
    expect(log(changes)).toMatchObject({ kind: 'unreadable', guildId: GUILD, reason });
  });
});

describe('an unreadable event', () => {
  it.each([
    ['roles', { ...member, roles: undefined }],
    ['roles', { ...member, roles: [PILOT, 12, 13] }],
    ['roles', { ...member, roles: { 0: PILOT } }],
    ['user', { ...member, user: undefined }],
    ['user', { ...member, user: { ...user, id: 'me' } }],
    ['nick', { ...member, nick: 5 }],
    ['communication_disabled_until', { ...member, communication_disabled_until: 'soon' }],
    ['pending, user', { ...member, pending: 'no', user: null }],
  ])('names the faulty field %s and the guild', (reason, body) => {
    expect(read('GUILD_MEMBER_UPDATE', body)).toEqual({
      kind: 'unreadable',
      name: 'GUILD_MEMBER_UPDATE',
      guildId: GUILD,
      reason,
    });
  });

  it.each([
    [null, 'body'],
    [undefined, 'body'],
    ['text', 'body'],
    [[member], 'body'],
    [{ ...member, guild_id: undefined }, 'guild_id'],
    [{ ...member, guild_id: '12a' }, 'guild_id'],
    [{ ...member, guild_id: 300 }, 'guild_id'],
  ])('without a guild has none', (body, reason) => {
    expect(read('GUILD_MEMBER_ADD', body)).toMatchObject({ guildId: null, reason });
  });

  it('is longer than any member can be, unless a whole guild is sent', () => {
    const twoMegabytes = 2 * 1024 * 1024;

    expect(read('GUILD_MEMBER_UPDATE', member, twoMegabytes)).toMatchObject({
      kind: 'unreadable',
      guildId: GUILD,
      reason: 'too long',
    });
    expect(read('GUILD_CREATE', { id: GUILD }, twoMegabytes)).toMatchObject({ kind: 'event' });
  });

  it('never contains values of the event', () => {
    const reading = read('GUILD_MEMBER_UPDATE', { ...member, nick: ['a secret'], roles: 'secret' });

    expect(JSON.stringify(reading)).not.toContain('secret');
  });
});

const NAMES = [
  'GUILD_MEMBER_ADD',
  'GUILD_MEMBER_UPDATE',
  'GUILD_MEMBER_REMOVE',
  'GUILD_BAN_ADD',
  'GUILD_ROLE_DELETE',
  'GUILD_UPDATE',
  'GUILD_CREATE',
  'GUILD_DELETE',
  'GUILD_AUDIT_LOG_ENTRY_CREATE',
];

test('no body makes the reader throw, and every member it shows has valid ids', () => {
  const good = fc.constantFrom<object>(member, entry, { guild_id: GUILD, user }, { id: GUILD });
  const faulty = fc
    .tuple(
      good,
      fc.dictionary(fc.constantFrom(...Object.keys({ ...member, ...entry })), fc.anything()),
    )
    .map(([body, changes]) => ({ ...body, ...changes }));
  const kinds = { event: 0, irrelevant: 0, unreadable: 0 };

  fc.assert(
    fc.property(
      fc.constantFrom(...NAMES),
      fc.oneof(good, faulty, fc.anything()),
      fc.nat(100_000),
      (name, body, length) => {
        const reading = read(name, body, length);
        kinds[reading.kind] += 1;
        if (reading.kind !== 'event') return;
        const { guildId, change } = reading.event;
        expect(guildId).toMatch(/^\d{1,20}$/);
        if ('discordUserId' in change) expect(change.discordUserId).toMatch(/^\d{1,20}$/);
        if (change.kind !== 'memberShown') return;
        for (const roleId of change.member.roleIds) expect(roleId).toMatch(/^\d{1,20}$/);
      },
    ),
    { numRuns: 5000 },
  );

  expect(kinds.event).toBeGreaterThan(200);
  expect(kinds.unreadable).toBeGreaterThan(1000);
});
