import { describe, expect, it } from 'vitest';

import type { SandboxRole } from '../src/world.js';
import {
  BOOSTER,
  BOT,
  BOT_ROLE,
  COUNCIL,
  fieldError,
  GUILD,
  MINER,
  PILOT,
  smallGuild,
  startSandbox,
} from './small-world.js';

const ROLES = `/guilds/${GUILD}/roles`;
const at = (id: string, position: number | null) => ({ id, position });

describe('moving roles', () => {
  it('gives each named role its position and answers with all roles', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, list } = await call('PATCH', ROLES, {
      body: [at(MINER, 3), at(PILOT, 2)],
      reason: 'miners first',
    });

    const positions = Object.fromEntries(list.map(({ id, position }) => [id, position]));
    expect(status).toBe(200);
    expect(positions).toEqual({
      [GUILD]: 0,
      [BOOSTER]: 1,
      [PILOT]: 2,
      [MINER]: 3,
      [BOT_ROLE]: 4,
      [COUNCIL]: 5,
    });
    expect(sandbox.guild(GUILD).roles.find(({ roleId }) => roleId === MINER)?.position).toBe(3);
    expect((await call('GET', ROLES)).list).toEqual(list);
  });

  it('writes one audit entry for each role that moved', async () => {
    const { call, sandbox } = await startSandbox();

    await call('PATCH', ROLES, {
      body: [at(MINER, 3), at(PILOT, 2), at(BOOSTER, 1)],
      reason: 'miners first',
    });

    expect(sandbox.guild(GUILD).auditLog).toMatchObject(
      [
        { targetId: MINER, old_value: 2, new_value: 3 },
        { targetId: PILOT, old_value: 3, new_value: 2 },
      ].map(({ targetId, ...change }) => ({
        actionType: 31,
        actorId: BOT,
        targetId,
        reason: 'miners first',
        changes: [{ key: 'position', ...change }],
      })),
    );
  });

  it('accepts the list of all roles, as clients send it, when the upper ones keep their order', async () => {
    const { call, sandbox } = await startSandbox();
    const lowestFirst = [GUILD, PILOT, BOOSTER, MINER, BOT_ROLE, COUNCIL];

    const { status } = await call('PATCH', ROLES, {
      body: lowestFirst.map((id, position) => at(id, position)),
    });

    const positions = sandbox.guild(GUILD).roles.map(({ roleId, position }) => [roleId, position]);
    expect(status).toBe(200);
    expect(Object.fromEntries(positions)).toEqual(
      Object.fromEntries(lowestFirst.map((id, position) => [id, position])),
    );
  });

  it('decides what the bot can grant from then on', async () => {
    const roles = smallGuild().roles.map((role): SandboxRole => {
      const position = { [PILOT]: 4, [BOT_ROLE]: 3 }[role.roleId] ?? role.position;
      return { ...role, position };
    });
    const { call, sandbox } = await startSandbox({ guild: { roles } });
    const grant = () => call('PUT', `/guilds/${GUILD}/members/${BOT}/roles/${PILOT}`);

    const refused = await grant();
    sandbox.moderator.moveRole({ guildId: GUILD, roleId: BOT_ROLE, position: 4 });
    const granted = await grant();

    expect([refused.status, granted.status]).toEqual([403, 204]);
  });

  it.each([
    ['a role to a place above the bot', [at(MINER, 5)]],
    ['a role above the bot down', [at(COUNCIL, 1)]],
    ["the bot's own role up", [at(BOT_ROLE, 6)]],
    ["a role to a place above the bot's own among others", [at(PILOT, 2), at(MINER, 6)]],
  ])('is refused for %s, and nothing moves', async (_name, body) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.guild(GUILD).roles;

    const reply = await call('PATCH', ROLES, { body });

    expect([reply.status, reply.body.code]).toEqual([403, 50013]);
    expect(sandbox.guild(GUILD).roles).toEqual(before);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it('leaves @everyone at the bottom, and no other role goes as low', async () => {
    const { call } = await startSandbox();

    const { list } = await call('PATCH', ROLES, {
      body: [at(GUILD, 3), at(PILOT, 0), at(MINER, -4)],
    });

    const positions = new Map(list.map(({ id, position }) => [id, position]));
    expect([GUILD, PILOT, MINER].map((id) => positions.get(id))).toEqual([0, 1, 1]);
  });

  it.each([
    ['no role', []],
    ['a role without a position', [{ id: MINER }]],
    ['a null position', [at(MINER, null)]],
    ['the position it has', [at(MINER, 2)]],
  ])('changes nothing for %s', async (_name, body) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.guild(GUILD).roles;

    const { status, list } = await call('PATCH', ROLES, { body });

    expect([status, list.length]).toEqual([200, before.length]);
    expect(sandbox.guild(GUILD).roles).toEqual(before);
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it.each([
    ['a role without an id', [at(MINER, 1), { position: 1 }], '1.id', 'BASE_TYPE_REQUIRED'],
    ['an id in words', [at('Miner', 1)], '0.id', 'NUMBER_TYPE_COERCE'],
    ['a position in words', [{ id: MINER, position: 'top' }], '0.position', 'NUMBER_TYPE_COERCE'],
    ['a position beyond 32 bits', [at(MINER, 2 ** 31)], '0.position', 'NUMBER_TYPE_MAX'],
    ['an item that is no object', [MINER], '0', 'DICT_TYPE_CONVERT'],
  ])('refuses %s', async (_name, body, path, code) => {
    const { call } = await startSandbox();

    const reply = await call('PATCH', ROLES, { body });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, path)).toBe(code);
  });

  it('refuses a body that is no list', async () => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', ROLES, { body: at(MINER, 1) });

    expect([status, body.code]).toEqual([400, 50035]);
    expect(body.errors).toMatchObject({ _errors: [{ code: 'LIST_TYPE_CONVERT' }] });
  });

  it('refuses a role that does not exist', async () => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', ROLES, {
      body: [at(MINER, 3), at('400000000000000099', 1)],
    });

    expect([status, body.code]).toEqual([404, 10011]);
  });

  it('needs the permission to manage roles', async () => {
    const { call } = await startSandbox({ guild: { botPermissions: 1n << 1n } });

    const { status, body } = await call('PATCH', ROLES, { body: [at(MINER, 1)] });

    expect([status, body.code]).toEqual([403, 50013]);
  });
});
