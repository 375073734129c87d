import { describe, expect, it } from 'vitest';

import {
  ANNA,
  BOOSTER,
  BOT,
  COUNCIL,
  COUNCILLOR,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  NOBODY,
  OWNER,
  PILOT,
  startSandbox,
  STRANGER,
} from './small-world.js';

describe('giving and taking one role', () => {
  it('answers 204 without a content type, and does it', async () => {
    const { call, sandbox } = await startSandbox();

    const given = await call('PUT', memberRolePath(ANNA, MINER), {
      reason: 'joined Miners',
    });
    const taken = await call('DELETE', memberRolePath(ANNA, PILOT), {
      reason: 'left Pilots',
    });

    expect([given.status, taken.status]).toEqual([204, 204]);
    expect(given.headers.get('content-type')).toBeNull();
    expect(given.text).toBe('');
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([MINER]);
    expect(sandbox.guild(GUILD).auditLog).toMatchObject([
      {
        actionType: 25,
        actorId: BOT,
        targetId: ANNA,
        reason: 'left Pilots',
        changes: [{ key: '$remove', new_value: [{ id: PILOT, name: 'Pilot' }] }],
      },
      {
        actionType: 25,
        actorId: BOT,
        targetId: ANNA,
        reason: 'joined Miners',
        changes: [{ key: '$add', new_value: [{ id: MINER, name: 'Miner' }] }],
      },
    ]);
  });

  it('says 204 and writes nothing when it is so already', async () => {
    const { call, sandbox } = await startSandbox();

    const given = await call('PUT', memberRolePath(ANNA, PILOT));
    const taken = await call('DELETE', memberRolePath(ANNA, MINER));

    expect([given.status, taken.status]).toEqual([204, 204]);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it('keeps what another does to the same member at the same time', async () => {
    const { call, sandbox } = await startSandbox();

    await Promise.all([
      call('PUT', memberRolePath(ANNA, MINER)),
      call('DELETE', memberRolePath(ANNA, PILOT)),
      call('PATCH', memberPath(ANNA), { body: { nick: 'Busy' } }),
    ]);

    expect(sandbox.member(GUILD, ANNA)).toMatchObject({
      roleIds: [MINER],
      nick: 'Busy',
    });
  });

  it('gives the owner, and whoever stands above the bot, a lower role', async () => {
    const { call, sandbox } = await startSandbox();

    await call('PUT', memberRolePath(OWNER, PILOT));
    await call('PUT', memberRolePath(COUNCILLOR, MINER));

    expect(sandbox.member(GUILD, OWNER)?.roleIds).toEqual([PILOT]);
    expect(sandbox.member(GUILD, COUNCILLOR)?.roleIds).toContain(MINER);
  });

  it.each([
    ['a role above the bot', ANNA, COUNCIL, 403, 50013],
    ['a managed role', ANNA, BOOSTER, 403, 50013],
    ['@everyone', ANNA, GUILD, 404, 10011],
    ['a role that is not', ANNA, '400000000000000099', 404, 10011],
    ['an account that is elsewhere', STRANGER, PILOT, 404, 10007],
    ['an account that is nowhere', NOBODY, PILOT, 404, 10013],
  ])('refuses %s', async (_name, discordUserId, roleId, status, code) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.guild(GUILD);

    const given = await call('PUT', memberRolePath(discordUserId, roleId));
    const taken = await call('DELETE', memberRolePath(discordUserId, roleId));

    expect([given.status, given.body.code]).toEqual([status, code]);
    expect([taken.status, taken.body.code]).toEqual([status, code]);
    expect(sandbox.guild(GUILD)).toEqual(before);
  });

  it('can answer a managed role with 50028', async () => {
    const { call } = await startSandbox({ quirks: { managedRoleCode: 50028 } });

    const { status, body } = await call('PUT', memberRolePath(ANNA, BOOSTER));

    expect([status, body.code]).toEqual([400, 50028]);
  });

  it('needs MANAGE_ROLES, and ADMINISTRATOR has it', async () => {
    const withPermissions = (botPermissions: bigint) => ({ guild: { botPermissions } });
    const without = await startSandbox(withPermissions(1n << 27n));
    const administrator = await startSandbox(withPermissions(1n << 3n));

    const refused = await without.call('PUT', memberRolePath(ANNA, MINER));
    const done = await administrator.call('PUT', memberRolePath(ANNA, MINER));

    expect([refused.status, refused.body.code]).toEqual([403, 50013]);
    expect(done.status).toBe(204);
  });

  it('reaches a role once it is moved below the bot', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.moveRole({
      guildId: GUILD,
      roleId: COUNCIL,
      position: 1,
    });

    const { status } = await call('PUT', memberRolePath(ANNA, COUNCIL));

    expect(status).toBe(204);
  });
});

describe('a deleted role', () => {
  it('goes from its members as well', async () => {
    const { call, sandbox } = await startSandbox();

    await call('DELETE', `/guilds/${GUILD}/roles/${PILOT}`);

    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([]);
  });

  it('may stay with its members as a stale id, which a PATCH may drop and nobody can give', async () => {
    const { call, sandbox } = await startSandbox({
      quirks: { keepsStaleRoleIds: true },
    });
    await call('DELETE', `/guilds/${GUILD}/roles/${PILOT}`);

    const read = await call('GET', memberPath(ANNA));
    const given = await call('PUT', memberRolePath(OWNER, PILOT));
    const dropped = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
    });

    expect(read.body.roles).toEqual([PILOT]);
    expect(given.body.code).toBe(10011);
    expect(dropped.body.roles).toEqual([MINER]);
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([MINER]);
  });
});
