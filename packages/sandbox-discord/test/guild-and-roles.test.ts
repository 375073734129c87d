import { describe, expect, it } from 'vitest';

import {
  ANNA,
  APPLICATION,
  BOOSTER,
  BOT,
  BOT_PERMISSIONS,
  BOT_ROLE,
  COUNCIL,
  fieldError,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  OWNER,
  PILOT,
  smallGuild,
  smallWorld,
  startSandbox,
  STRANGER,
  theBot,
  TOKEN,
} from './small-world.js';

const ROLES = `/guilds/${GUILD}/roles`;

describe('roles', () => {
  it('are listed with @everyone, their places and tags', async () => {
    const { call } = await startSandbox();

    const { list } = await call('GET', ROLES);

    expect(list).toHaveLength(6);
    expect(list.find((role) => role.id === BOOSTER)).toMatchObject({
      managed: true,
      position: 1,
      tags: { premium_subscriber: null },
    });
    expect(list.find((role) => role.id === GUILD)).toMatchObject({
      name: '@everyone',
      position: 0,
    });
  });

  it('are read one by one, and counted without @everyone', async () => {
    const { call } = await startSandbox();

    const one = await call('GET', `${ROLES}/${PILOT}`);
    const none = await call('GET', `${ROLES}/400000000000000099`);
    const counts = await call('GET', `${ROLES}/member-counts`);

    expect(one.body).toMatchObject({
      id: PILOT,
      permissions: '0',
      color: 0x3498db,
    });
    expect([none.status, none.body.code]).toEqual([404, 10011]);
    expect(counts.body).toEqual({
      [COUNCIL]: 1,
      [BOT_ROLE]: 1,
      [PILOT]: 2,
      [MINER]: 0,
      [BOOSTER]: 0,
    });
  });

  it('are made at the bottom', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('POST', ROLES, {
      body: { name: 'Scout', color: 255, permissions: '0' },
      reason: 'new group',
    });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'Scout',
      color: 255,
      position: 1,
      managed: false,
    });
    expect(sandbox.guild(GUILD).roles.map((role) => role.name)).toContain('Scout');
    expect(sandbox.guild(GUILD).auditLog[0]).toMatchObject({
      actionType: 30,
      reason: 'new group',
    });
  });

  it('are changed and deleted below the bot', async () => {
    const { call, sandbox } = await startSandbox();

    const changed = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { name: 'Digger' },
    });
    const deleted = await call('DELETE', `${ROLES}/${MINER}`);

    expect(changed.body.name).toBe('Digger');
    expect(deleted.status).toBe(204);
    expect(sandbox.guild(GUILD).roles.map((role) => role.roleId)).not.toContain(MINER);
  });

  it.each(['PATCH', 'DELETE'])('are not reached above the bot by %s', async (method) => {
    const { call } = await startSandbox();

    const { status, body } = await call(
      method,
      `${ROLES}/${COUNCIL}`,
      method === 'PATCH' ? { body: { name: 'Mine' } } : {},
    );

    expect([status, body.code]).toEqual([403, 50013]);
  });

  it('get no permission that the bot does not have', async () => {
    const { call } = await startSandbox();
    const administrator = String(1n << 3n);

    const made = await call('POST', ROLES, {
      body: { name: 'Admin', permissions: administrator },
    });
    const changed = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { permissions: administrator },
    });
    const allowed = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { permissions: String(BOT_PERMISSIONS) },
    });

    expect([made.status, made.body.code]).toEqual([403, 50013]);
    expect([changed.status, changed.body.code]).toEqual([403, 50013]);
    expect(allowed.body.permissions).toBe(String(BOT_PERMISSIONS));
  });

  it.each([
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'name'],
    ['a colour beyond white', { color: 0x1000000 }, 'color'],
    ['permissions in words', { permissions: 'all' }, 'permissions'],
  ])('are refused with %s', async (_name, body, field) => {
    const { call } = await startSandbox();

    const reply = await call('POST', ROLES, { body });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, field)).toBeTypeOf('string');
  });

  it('are 250 at most', async () => {
    const { roles } = smallGuild();
    const more = Array.from({ length: 250 - roles.length }, (_, index) => ({
      roleId: String(600000000000000000n + BigInt(index)),
      name: `Role ${index}`,
      position: 1,
    }));
    const { call } = await startSandbox({ guild: { roles: [...roles, ...more] } });

    const { status, body } = await call('POST', ROLES, {
      body: { name: 'One more' },
    });

    expect([status, body.code]).toEqual([400, 30005]);
  });

  it('that are managed are not deleted, nor is @everyone', async () => {
    const { call } = await startSandbox();

    expect((await call('DELETE', `${ROLES}/${BOOSTER}`)).body.code).toBe(50028);
    expect((await call('DELETE', `${ROLES}/${GUILD}`)).body.code).toBe(50028);
  });
});

describe('a guild', () => {
  it('is read, with counts when asked for', async () => {
    const { call } = await startSandbox();

    const plain = await call('GET', `/guilds/${GUILD}`);
    const counted = await call('GET', `/guilds/${GUILD}?with_counts=true`);

    expect(plain.body).toMatchObject({
      id: GUILD,
      owner_id: OWNER,
      mfa_level: 0,
    });
    expect(plain.body).not.toHaveProperty('approximate_member_count');
    expect(counted.body).toMatchObject({ approximate_member_count: 4 });
  });

  it.each([
    [10004, 404],
    [50001, 403],
  ] as const)('that the bot is not in can be answered with %i', async (code, status) => {
    const { call, sandbox } = await startSandbox({
      quirks: { unknownGuildCode: code },
    });
    sandbox.moderator.kick(theBot);

    const left = await call('GET', `/guilds/${GUILD}`);
    const never = await call('GET', '/guilds/100000000000000099/roles');

    expect([left.status, left.body.code]).toEqual([status, code]);
    expect([never.status, never.body.code]).toEqual([status, code]);
  });

  it('keeps apart from others, and so do their bots', async () => {
    const world = smallWorld();
    const second = {
      applicationId: '200000000000000011',
      name: 'Other',
      botUserId: '200000000000000012',
      botToken: 'other-token',
    };
    const guild = {
      ...smallGuild({
        members: [{ discordUserId: second.botUserId, roleIds: [] }],
      }),
      guildId: '100000000000000002',
    };
    const { call } = await startSandbox({
      world: {
        ...world,
        applications: [...world.applications, second],
        users: [
          ...world.users,
          { discordUserId: second.botUserId, username: 'other', isBot: true },
        ],
        guilds: [...world.guilds, guild],
      },
    });
    const asOther = { headers: { Authorization: 'Bot other-token' } };

    const own = await call('GET', '/users/@me/guilds', asOther);
    const foreign = await call('GET', `/guilds/${GUILD}`, asOther);

    expect(own.list.map((one) => one.id)).toEqual(['100000000000000002']);
    expect(foreign.body.code).toBe(10004);
  });
});

describe('bans', () => {
  it('are told one by one to who may ban', async () => {
    const bans = [{ discordUserId: STRANGER, reason: 'spam' }];
    const { call } = await startSandbox({ guild: { bans } });
    const without = await startSandbox({ guild: { bans, botPermissions: 1n } });

    const banned = await call('GET', `/guilds/${GUILD}/bans/${STRANGER}`);
    const free = await call('GET', `/guilds/${GUILD}/bans/${ANNA}`);
    const refused = await without.call('GET', `/guilds/${GUILD}/bans/${STRANGER}`);

    expect(banned.body).toMatchObject({
      reason: 'spam',
      user: { id: STRANGER },
    });
    expect([free.status, free.body.code]).toEqual([404, 10026]);
    expect(refused.body.code).toBe(50013);
  });
});

describe('the audit log', () => {
  it('is newest first, filtered and paged', async () => {
    const { call } = await startSandbox();
    await call('PUT', memberRolePath(ANNA, MINER));
    await call('PATCH', memberPath(ANNA), { body: { nick: 'New' } });
    await call('DELETE', memberRolePath(ANNA, MINER));
    const read = async (query: string) =>
      (await call('GET', `/guilds/${GUILD}/audit-logs?${query}`)).body.audit_log_entries;

    const all = await read('');
    const roles = await read('action_type=25&limit=1');
    const older = await read(`before=${all[1]?.id}`);
    const newer = await read(`after=${all[1]?.id}`);

    expect(all).toMatchObject([
      { action_type: 25 },
      { action_type: 24, changes: [{ key: 'nick', new_value: 'New' }] },
      { action_type: 25 },
    ]);
    expect(roles).toEqual([all[0]]);
    expect(older).toEqual([all[2]]);
    expect(newer).toEqual([all[0]]);
  });

  it('needs its permission', async () => {
    const { call } = await startSandbox({ guild: { botPermissions: 1n << 28n } });

    expect((await call('GET', `/guilds/${GUILD}/audit-logs`)).body.code).toBe(50013);
  });
});

describe('a bot', () => {
  it('learns who it is, what its application may, and where a gateway would be', async () => {
    const { call, sandbox } = await startSandbox();

    const self = await call('GET', '/users/@me');
    const application = await call('GET', '/applications/@me');
    const sameApplication = await call('GET', '/oauth2/applications/@me');
    const gateway = await call('GET', '/gateway/bot');
    sandbox.moderator.setGuildMembersIntent({
      applicationId: APPLICATION,
      guildMembersIntent: false,
    });
    const narrowed = await call('GET', '/applications/@me');

    expect(self.body).toMatchObject({ id: BOT, bot: true });
    expect(application.body).toMatchObject({ id: APPLICATION, flags: 1 << 15 });
    expect(sameApplication.body).toEqual(application.body);
    expect(gateway.body).toMatchObject({ shards: 1 });
    expect(narrowed.body.flags).toBe(0);
    expect(application.text).not.toContain(TOKEN);
  });
});
