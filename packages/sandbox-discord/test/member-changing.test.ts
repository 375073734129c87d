import { PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  anna,
  BOOSTER,
  BOT,
  COUNCIL,
  COUNCILLOR,
  fieldError,
  GUILD,
  memberPath,
  MINER,
  OWNER,
  PILOT,
  smallWorld,
  startSandbox,
} from './small-world.js';

const MEMBERS = `/guilds/${GUILD}/members`;
const withPermissions = (botPermissions: bigint) => ({ guild: { botPermissions } });

describe('changing a member', () => {
  it('treats roles as the whole list', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
      reason: 'moved to mining',
    });

    expect(status).toBe(200);
    expect(body.roles).toEqual([MINER]);
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([MINER]);
    expect(sandbox.guild(GUILD).auditLog[0]).toMatchObject({
      actionType: 25,
      actorId: BOT,
      targetId: ANNA,
      reason: 'moved to mining',
      changes: [
        { key: '$add', new_value: [{ id: MINER, name: 'Miner' }] },
        { key: '$remove', new_value: [{ id: PILOT, name: 'Pilot' }] },
      ],
    });
  });

  it('answers with the stored nickname, not the requested one', async () => {
    const { call } = await startSandbox();

    const { body } = await call('PATCH', memberPath(ANNA), {
      body: { nick: '  An   na ' },
    });

    expect(body.nick).toBe('An na');
  });

  it.each(['', null])('removes the nickname for %j', async (nick) => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.setNick({ ...anna, nick: 'Old' });

    const { body } = await call('PATCH', memberPath(ANNA), { body: { nick } });

    expect(body.nick).toBeNull();
  });

  it('refuses a nickname of more than 32 characters, counting an emoji as one', async () => {
    const { call } = await startSandbox();

    const tooLong = await call('PATCH', memberPath(ANNA), {
      body: { nick: 'x'.repeat(33) },
    });
    const fits = await call('PATCH', memberPath(ANNA), {
      body: { nick: '🚀'.repeat(32) },
    });

    expect([tooLong.status, fieldError(tooLong, 'nick')]).toEqual([400, 'BASE_TYPE_MAX_LENGTH']);
    expect(fits.status).toBe(200);
  });

  it.each([
    ['a role twice', [PILOT, PILOT], 'SET_TYPE_ALREADY_CONTAINS_VALUE'],
    [
      '351 roles',
      Array.from({ length: 351 }, (_, index) => String(500000000000000000n + BigInt(index))),
      'BASE_TYPE_MAX_LENGTH',
    ],
    ['no list', 'Pilot', 'LIST_TYPE_CONVERT'],
  ])('refuses %s', async (_name, roles, code) => {
    const { call } = await startSandbox();

    const reply = await call('PATCH', memberPath(ANNA), { body: { roles } });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, 'roles')).toBe(code);
  });

  it('names the invalid role in the list', async () => {
    const { call } = await startSandbox();

    const reply = await call('PATCH', memberPath(ANNA), {
      body: { roles: [PILOT, 'Miner'] },
    });

    expect(fieldError(reply, 'roles.1')).toBe('NUMBER_TYPE_COERCE');
  });

  it.each([
    ['a role above the bot', ANNA, [PILOT, COUNCIL]],
    ['a managed role', ANNA, [PILOT, BOOSTER]],
    ['a list without the role above the bot', COUNCILLOR, [PILOT]],
  ])('refuses %s with 403 and changes nothing', async (_name, discordUserId, roles) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.member(GUILD, discordUserId);

    const { status, body } = await call('PATCH', memberPath(discordUserId), {
      body: { roles },
    });

    expect([status, body.code]).toEqual([403, 50013]);
    expect(sandbox.member(GUILD, discordUserId)).toEqual(before);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it('refuses a list that drops a managed role the member holds, and accepts one that carries it over', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.giveRole({ ...anna, roleId: BOOSTER });

    const dropped = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
    });
    const carried = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER, BOOSTER] },
    });

    expect([dropped.status, dropped.body.code]).toEqual([403, 50013]);
    expect(carried.status).toBe(200);
  });

  it('ignores @everyone in a list, which every member holds', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      body: { roles: [GUILD, PILOT, MINER] },
    });
    const alone = await call('PATCH', memberPath(ANNA), { body: { roles: [GUILD] } });

    expect([status, body.roles]).toEqual([200, [PILOT, MINER]]);
    expect([alone.status, alone.body.roles]).toEqual([200, []]);
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([]);
    expect(JSON.stringify(sandbox.guild(GUILD).auditLog)).not.toContain('@everyone');
  });

  it('changes nothing for the list it has with @everyone added', async () => {
    const { call, sandbox } = await startSandbox();

    const { status } = await call('PATCH', memberPath(ANNA), { body: { roles: [PILOT, GUILD] } });

    expect(status).toBe(200);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it.each([{ mute: true }, { mute: false }, { deaf: true }, { deaf: false }, { channel_id: null }])(
    'refuses %j, since no member is connected to voice',
    async (body) => {
      const { MuteMembers, DeafenMembers, ManageNicknames } = PermissionFlagsBits;
      const { call, sandbox } = await startSandbox(
        withPermissions(MuteMembers | DeafenMembers | ManageNicknames),
      );
      const before = sandbox.member(GUILD, ANNA);

      const reply = await call('PATCH', memberPath(ANNA), { body: { ...body, nick: 'New' } });

      expect([reply.status, reply.body.code]).toEqual([400, 40032]);
      expect(sandbox.member(GUILD, ANNA)).toEqual(before);
    },
  );

  it('leaves mute and deaf alone when they are null', async () => {
    const { call } = await startSandbox(withPermissions(PermissionFlagsBits.ManageNicknames));

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      body: { mute: null, deaf: null, nick: 'New' },
    });

    expect([status, body.nick]).toEqual([200, 'New']);
  });

  it.each([
    [10011, 404],
    [50035, 400],
  ] as const)('can answer an unknown role with %i', async (code, status) => {
    const { call } = await startSandbox({ quirks: { unknownRoleInPatchCode: code } });

    const reply = await call('PATCH', memberPath(ANNA), {
      body: { roles: ['400000000000000099'] },
    });

    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  it.each([
    ['the owner', OWNER],
    ['somebody above the bot', COUNCILLOR],
  ])('does not rename %s', async (_name, discordUserId) => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(discordUserId), {
      body: { nick: 'Renamed' },
    });

    expect([status, body.code]).toEqual([403, 50013]);
  });

  it('still assigns the owner a lower role', async () => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(OWNER), {
      body: { roles: [PILOT] },
    });

    expect([status, body.roles]).toEqual([200, [PILOT]]);
  });

  it.each([
    ['roles', { roles: [] }, 1n << 27n],
    ['a nickname', { nick: 'New' }, 1n << 28n],
    ['the mute', { mute: true }, 1n << 28n],
    ['a time-out', { communication_disabled_until: null }, 1n << 28n],
  ])('needs its permission for %s', async (_name, body, otherPermission) => {
    const { call } = await startSandbox(withPermissions(otherPermission));

    const reply = await call('PATCH', memberPath(ANNA), { body });

    expect([reply.status, reply.body.code]).toEqual([403, 50013]);
  });

  it('allows one flag to be edited and no other', async () => {
    const { call } = await startSandbox();

    const { body } = await call('PATCH', memberPath(ANNA), {
      body: { flags: 7 },
    });

    expect(body.flags).toBe(4);
  });

  it('times out for at most 28 days', async () => {
    const { call } = await startSandbox(withPermissions(1n << 40n));
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

    const long = await call('PATCH', memberPath(ANNA), {
      body: { communication_disabled_until: inDays(29) },
    });
    const short = await call('PATCH', memberPath(ANNA), {
      body: { communication_disabled_until: inDays(27) },
    });

    expect(long.body.code).toBe(50035);
    expect(short.status).toBe(200);
  });

  it('writes nothing into the audit log when nothing changes', async () => {
    const { call, sandbox } = await startSandbox();

    const { status } = await call('PATCH', memberPath(ANNA), {
      body: { roles: [PILOT], nick: null },
    });

    expect(status).toBe(200);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it('allows a bot with the permission to change its own nickname without rank', async () => {
    const allowed = await startSandbox(withPermissions(1n << 26n));
    const forbidden = await startSandbox(withPermissions(1n << 28n));

    const done = await allowed.call('PATCH', `${MEMBERS}/@me`, {
      body: { nick: 'Helper' },
    });
    const refused = await forbidden.call('PATCH', `${MEMBERS}/@me`, {
      body: { nick: 'Helper' },
    });

    expect([done.status, done.body.nick]).toEqual([200, 'Helper']);
    expect(refused.status).toBe(403);
  });
});

describe('kicking', () => {
  it('removes the member and writes the reason into the audit log', async () => {
    const { call, sandbox } = await startSandbox();

    const { status } = await call('DELETE', memberPath(ANNA), {
      reason: 'left the platform: grüße',
    });

    expect(status).toBe(204);
    expect(sandbox.member(GUILD, ANNA)).toBeUndefined();
    expect(sandbox.guild(GUILD).auditLog[0]).toMatchObject({
      actionType: 20,
      targetId: ANNA,
      reason: 'left the platform: grüße',
    });
  });

  it.each([OWNER, COUNCILLOR])(
    'is refused for members above the bot: %s',
    async (discordUserId) => {
      const { call } = await startSandbox();

      const { status, body } = await call('DELETE', memberPath(discordUserId));

      expect([status, body.code]).toEqual([403, 50013]);
    },
  );

  it('needs its permission', async () => {
    const { call } = await startSandbox(withPermissions(1n << 28n));

    expect((await call('DELETE', memberPath(ANNA))).status).toBe(403);
  });
});

describe('a guild with two-factor moderation', () => {
  it("requires it of the bot's owner", async () => {
    const guild = { mfaLevel: 1 } as const;
    const applications = smallWorld().applications.map((one) => ({ ...one, ownerHasMfa: false }));
    const trusted = await startSandbox({ guild });
    const untrusted = await startSandbox({ guild, world: { applications } });

    const done = await trusted.call('PATCH', memberPath(ANNA), {
      body: { roles: [] },
    });
    const refused = await untrusted.call('PATCH', memberPath(ANNA), {
      body: { roles: [] },
    });

    expect(done.status).toBe(200);
    expect([refused.status, refused.body.code]).toEqual([403, 60003]);
  });
});
