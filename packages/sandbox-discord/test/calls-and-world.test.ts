import { describe, expect, it } from 'vitest';

import { createSandboxDiscord } from '../src/sandbox-discord.js';
import {
  ANNA,
  anna,
  APPLICATION,
  COUNCIL,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  NOBODY,
  OWNER,
  owner,
  PILOT,
  smallGuild,
  smallWorld,
  startSandbox,
  STRANGER,
  stranger,
  theBot,
} from './small-world.js';

const MEMBER = '/guilds/{guild_id}/members/{user_id}';

describe('the calls', () => {
  it('are counted by method, template and status', async () => {
    const { call, sandbox } = await startSandbox();

    await call('GET', memberPath(ANNA));
    await call('GET', memberPath(OWNER));
    await call('GET', memberPath(NOBODY));
    await call('PUT', memberRolePath(ANNA, COUNCIL));

    expect(sandbox.calls.counts()).toEqual({
      [`GET ${MEMBER} 200`]: 2,
      [`GET ${MEMBER} 404`]: 1,
      [`PUT ${MEMBER}/roles/{role_id} 403`]: 1,
    });
    expect(sandbox.calls.count()).toBe(4);
    expect(sandbox.calls.count({ method: 'GET' })).toBe(3);
    expect(sandbox.calls.count({ method: 'GET', status: 404, code: 10013 })).toBe(1);
    expect(sandbox.calls.count({ guildId: '100000000000000099' })).toBe(0);
    sandbox.calls.reset();
    expect(sandbox.calls.count()).toBe(0);
  });

  it('are remembered with their reason, as many as two hundred', async () => {
    const { call, sandbox } = await startSandbox();
    for (let index = 0; index < 201; index += 1) await call('GET', '/users/@me');

    await call('PUT', memberRolePath(ANNA, MINER), { reason: 'joined Miners' });

    expect(sandbox.calls.recent()).toHaveLength(200);
    expect(sandbox.calls.recent().at(-1)).toMatchObject({
      method: 'PUT',
      path: `/api/v10${memberRolePath(ANNA, MINER)}`,
      status: 204,
      reason: 'joined Miners',
      guildId: GUILD,
      applicationId: APPLICATION,
    });
    expect(sandbox.calls.count()).toBe(202);
  });

  it('can be waited for and listened to', async () => {
    const { call, sandbox } = await startSandbox();
    const heard: string[] = [];
    const stopListening = sandbox.calls.onCall((one) => heard.push(one.method));
    const waiting = sandbox.calls.waitForCall({ method: 'PATCH', status: 200 });

    await call('GET', memberPath(ANNA));
    await call('PATCH', memberPath(ANNA), { body: {} });
    stopListening();
    await call('GET', memberPath(ANNA));

    expect((await waiting).route).toBe(MEMBER);
    expect(heard).toEqual(['GET', 'PATCH']);
  });

  it('that do not come are not waited for for ever', async () => {
    const { sandbox } = await startSandbox();

    await expect(sandbox.calls.waitForCall({ method: 'DELETE' }, 5)).rejects.toThrow(
      'no call {"method":"DELETE"} came within 5 ms',
    );
  });
});

describe('the world', () => {
  it('is plain JSON that another sandbox goes on from', async () => {
    const { call, sandbox } = await startSandbox();
    await call('PATCH', memberPath(ANNA), {
      body: { nick: 'New', roles: [MINER] },
      reason: 'moved',
    });
    sandbox.moderator.ban({ ...owner, reason: 'a joke' });

    const kept = JSON.parse(JSON.stringify(sandbox.world()));
    const again = createSandboxDiscord({ world: kept });

    expect(again.world()).toEqual(sandbox.world());
    expect(again.member(GUILD, ANNA)).toMatchObject({
      nick: 'New',
      roleIds: [MINER],
    });
    expect(again.guild(GUILD).auditLog.some((entry) => entry.reason === 'moved')).toBe(true);
  });

  it('tells of each change, and only of changes', async () => {
    let changes = 0;
    const { call, sandbox } = await startSandbox({ onChange: () => (changes += 1) });

    await call('GET', memberPath(ANNA));
    await call('PUT', memberRolePath(ANNA, PILOT));
    expect(changes).toBe(0);
    await call('PUT', memberRolePath(ANNA, MINER));
    sandbox.moderator.kick(anna);

    expect(changes).toBe(2);
  });

  it('gives a guild its @everyone and does not touch what it was given', async () => {
    const given = smallWorld({ guilds: [smallGuild({ roles: [] })] });
    const before = JSON.stringify(given);
    const sandbox = createSandboxDiscord({ world: given });

    sandbox.moderator.createRole({ guildId: GUILD, name: 'Scout' });

    expect(sandbox.guild(GUILD).roles.map((role) => role.name)).toEqual(['@everyone', 'Scout']);
    expect(JSON.stringify(given)).toBe(before);
  });
});

describe('an outage', () => {
  it('ends where it began: same address, same world', async () => {
    const { call, sandbox, url } = await startSandbox();
    await call('PUT', memberRolePath(ANNA, MINER));

    await sandbox.stop();
    await expect(call('GET', memberPath(ANNA))).rejects.toThrow('fetch failed');
    const again = await sandbox.start();

    expect(again.url).toBe(url);
    expect((await call('GET', memberPath(ANNA))).body.roles).toEqual([PILOT, MINER]);
  });

  it('is told at once when the port is taken', async () => {
    const { url } = await startSandbox();

    const second = createSandboxDiscord({
      world: smallWorld(),
      port: Number(new URL(url).port),
    });

    await expect(second.start()).rejects.toThrow('EADDRINUSE');
  });
});

describe('a moderator', () => {
  it('gives and takes any role, also above the bot, in the name of the owner', async () => {
    const { sandbox } = await startSandbox();

    sandbox.moderator.giveRole({ ...anna, roleId: COUNCIL });
    sandbox.moderator.takeRole({ ...anna, roleId: PILOT });

    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([COUNCIL]);
    expect(sandbox.guild(GUILD).auditLog).toMatchObject([
      { actionType: 25, actorId: OWNER },
      { actionType: 25, actorId: OWNER },
    ]);
  });

  it('bans, after which nobody comes back before the ban is lifted', async () => {
    const { sandbox } = await startSandbox();
    sandbox.moderator.ban({ ...anna, reason: 'spam' });

    expect(() => sandbox.moderator.join(anna)).toThrow('is banned');
    sandbox.moderator.unban(anna);
    sandbox.moderator.join(anna);

    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([]);
    expect(sandbox.guild(GUILD).auditLog.map((entry) => entry.actionType)).toEqual([23, 22]);
  });

  it('sees people leave without a trace in the audit log and come back marked', async () => {
    const { sandbox } = await startSandbox();

    sandbox.moderator.leave(anna);
    sandbox.moderator.join(anna);

    expect(sandbox.member(GUILD, ANNA)).toMatchObject({
      roleIds: [],
      flags: 1,
    });
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it('lets newcomers through screening', async () => {
    const { sandbox } = await startSandbox({ guild: { hasScreening: true } });

    sandbox.moderator.join(stranger);
    const before = sandbox.member(GUILD, STRANGER)?.pending;
    sandbox.moderator.finishScreening(stranger);

    expect([before, sandbox.member(GUILD, STRANGER)?.pending]).toEqual([true, false]);
  });

  it('changes roles and what a bot may', async () => {
    const { call, sandbox } = await startSandbox();
    const { roleId } = sandbox.moderator.createRole({
      guildId: GUILD,
      name: 'Scout',
    });

    sandbox.moderator.editRole({ guildId: GUILD, roleId, name: 'Ranger' });
    sandbox.moderator.editRole({
      guildId: GUILD,
      roleId: '400000000000000002',
      permissions: '0',
    });
    const { status } = await call('PUT', memberRolePath(ANNA, roleId));

    expect(sandbox.guild(GUILD).roles.find((role) => role.roleId === roleId)?.name).toBe('Ranger');
    expect(status).toBe(403);
  });

  it('brings in new accounts, times people out and renames them', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.addUser({ discordUserId: NOBODY, username: 'nora' });
    sandbox.moderator.join({ guildId: GUILD, discordUserId: NOBODY });
    sandbox.moderator.setNick({ ...anna, nick: ' A ' });
    sandbox.moderator.setTimeOut({
      ...anna,
      until: '2030-01-01T00:00:00.000Z',
    });

    const nora = await call('GET', memberPath(NOBODY));
    const { body } = await call('GET', memberPath(ANNA));

    expect(nora.status).toBe(200);
    expect(body).toMatchObject({
      nick: 'A',
      communication_disabled_until: '2030-01-01T00:00:00.000000+00:00',
    });
  });

  it.each([
    ['an unknown guild', { guildId: '1', discordUserId: ANNA }, 'no guild with id 1'],
    [
      'somebody who is not there',
      { guildId: GUILD, discordUserId: STRANGER },
      `no member of guild ${GUILD} with id ${STRANGER}`,
    ],
  ])('is told of %s', async (_name, which, message) => {
    const { sandbox } = await startSandbox();

    expect(() => sandbox.moderator.kick(which)).toThrow(message);
  });

  it('may throw out the bot itself', async () => {
    const { call, sandbox } = await startSandbox();

    sandbox.moderator.kick(theBot);

    expect((await call('GET', `/guilds/${GUILD}`)).body.code).toBe(10004);
  });
});
