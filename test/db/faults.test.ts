import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../builders/store-world.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const path = usePath();

const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';

describe('when Discord gave no usable response', () => {
  test.each([
    ['a 502', { kind: 'status', status: 502 }],
    ['an HTML page', { kind: 'html', status: 520 }],
    ['an HTML page with status 200', { kind: 'html', status: 200 }],
    ['a dropped connection', { kind: 'drop', moment: 'before' }],
    ['a dropped connection after the change', { kind: 'drop', moment: 'after' }],
    ['silence', { kind: 'silence', moment: 'after' }],
    ['a shared limit', { kind: 'sharedLimit', retryAfterMs: 100 }],
    ['a global limit', { kind: 'globalLimit', retryAfterMs: 100 }],
  ] as const)('%s delays the role, and one record reports it', async (_what, effect) => {
    await path.link('alice');
    path.rig().discord.faults.plant({ effect, route: MEMBER_ROLE });

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await eventually(() => path.rig().discord.calls.count({ route: MEMBER_ROLE }) > 0);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect(await path.stateOf('alice')).toEqual({
      state: 'IN_STEP',
      reason: null,
    });
    expect(await path.records()).toMatchObject([{ added: [roles.pilot], outcome: 'APPLIED' }]);
  });

  test('a write that Discord confirmed but did not keep is repeated after the next read', async () => {
    const linkId = await path.link('alice');
    path.rig().discord.faults.plant({
      effect: { kind: 'lostWrite' },
      route: MEMBER_ROLE,
    });
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    expect(path.rig().rolesOf('alice')).toEqual([]);

    await path.rig().store.links.reconcileMember({ id: linkId, cause, waitMs: patienceMs() });

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('a removal that arrives while the grant fails wins', async () => {
    await path.link('alice');
    const fault = path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 503 },
      route: MEMBER_ROLE,
      times: null,
    });

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await eventually(() => path.rig().discord.calls.count({ route: MEMBER_ROLE }) > 0);
    await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
    path.rig().discord.faults.remove(fault);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([]);
    expect((await path.records()).filter((record) => record.closedAt === null)).toEqual([]);
  });
});

describe('when Discord refuses', () => {
  test('a role moved above the bot parks its members, costs one refusal, and is granted once it is moved back', async () => {
    await path.link('alice');
    await path.link('bob');
    path.rig().discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 9,
    });

    await path.rig().store.applyFacts([membership('alice', 'directors')]);
    await eventually(async () => (await path.stateOf('alice'))?.state === 'PARKED');
    await path.rig().store.applyFacts([membership('bob', 'directors')]);
    await eventually(async () => (await path.stateOf('bob'))?.state === 'PARKED');

    expect(await path.stateOf('bob')).toEqual({
      state: 'PARKED',
      reason: expect.stringContaining(
        `role Director (${roles.director}) is not below the bot. To end it: move the bot's role above it`,
      ),
    });
    expect(path.rig().discord.calls.count({ status: 403 })).toBe(1);

    path.rig().discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 3,
    });
    await path.rig().importRoles();
    await path.rig().quiet();

    expect(path.rig().rolesOf('bob')).toContain(roles.director);
    expect(path.rig().rolesOf('alice')).toEqual([roles.director]);
  });

  test('a role deleted at Discord is tried once and remembered as refused; its members are parked and get their other role', async () => {
    await path.link('alice');
    path.rig().discord.moderator.deleteRole({ guildId, roleId: roles.director });

    await path
      .rig()
      .store.applyFacts([membership('alice', 'directors'), membership('alice', 'pilots')]);
    await eventually(async () => (await path.stateOf('alice'))?.state === 'PARKED');

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect((await path.stateOf('alice'))?.reason).toContain(
      `Discord refused role Director (${roles.director})`,
    );
    const [known] = await path
      .rig()
      .store.read.findRoles([{ clientId: path.rig().clientId, roleId: roles.director }]);
    expect(known?.refusal).toBe('UNKNOWN_ROLE');
    const { calls } = path.rig().discord;
    expect(calls.count({ method: 'PUT', status: 404 })).toBe(1);
    await path.link('bob');
    await path.rig().store.applyFacts([membership('bob', 'directors')]);
    await eventually(async () => (await path.stateOf('bob'))?.state === 'PARKED');
    // Linking has reset the counts.
    expect(calls.count({ method: 'PUT' })).toBe(0);
  });

  test('one bad role in a list does not prevent the others', async () => {
    await path.link('alice');
    path.rig().discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 9,
    });

    await path.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors', 'recruits'])]);
    await eventually(async () => (await path.stateOf('alice'))?.state === 'PARKED');

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.recruit]));
  });

  test('a 401 stops the client, visibly, until it gets another token', async () => {
    await path.link('alice');
    path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 401, code: 0 },
      // The call, and the check of the token after it.
      times: 2,
    });

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await eventually(async () => (await path.client())?.stoppedAt !== null);
    await path.rig().store.applyFacts([membership('alice', 'directors')]);

    expect((await path.client())?.trouble).toContain('token');
    expect(path.rig().writes()).toBe(1);

    await path
      .rig()
      .store.clients.updateClient(path.rig().clientId, { botToken: 'sandbox.bot-token' }, cause);
    await path.rig().quiet();

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.director]));
    expect((await path.client())?.trouble).toBeNull();
  });

  test.each([
    ['a 401', { kind: 'status', status: 401, code: 0 }],
    ["a proxy's page with 401", { kind: 'html', status: 401 }],
    ["a proxy's page with 403", { kind: 'html', status: 403 }],
    ["a proxy's page with 429", { kind: 'html', status: 429 }],
  ] as const)(
    '%s for a single call delays only that call, not the client',
    async (_what, effect) => {
      await path.link('alice');
      await path.link('bob');
      path.rig().discord.faults.plant({ effect, route: MEMBER_ROLE });

      await path
        .rig()
        .store.applyFacts([membership('alice', 'pilots'), membership('bob', 'pilots')]);
      await eventually(() => path.rig().discord.calls.count({ route: MEMBER_ROLE }) > 0);
      await path.rig().quiet();

      expect(path.rig().rolesOf('alice')).toContain(roles.pilot);
      expect(path.rig().rolesOf('bob')).toContain(roles.pilot);
      expect(await path.client()).toMatchObject({
        stoppedAt: null,
        trouble: null,
      });
    },
  );

  test.each([10004, 50001])(
    'a guild that the bot has left (%s) pauses the client after one call',
    async (code) => {
      await path.link('alice');
      await path.link('bob');
      path.rig().discord.faults.plant({
        effect: { kind: 'status', status: code === 10004 ? 404 : 403, code },
        times: null,
      });

      await path.rig().store.applyFacts([membership('alice', 'pilots')]);
      await eventually(async () => (await path.client())?.pausedUntil instanceof Date);
      await path.rig().store.applyFacts([membership('bob', 'pilots')]);

      expect(path.rig().writes()).toBe(1);
      expect(await path.stateOf('alice')).toMatchObject({ state: 'PENDING' });
    },
  );

  test("a successful run after a pause clears the client's trouble", async () => {
    await path.link('alice');
    await path.rig().store.memory.saveTrouble(path.rig().clientId, {
      kind: 'PAUSED',
      reason: 'the bot has left',
    });
    await path.expirePause();

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    expect(await path.client()).toMatchObject({
      trouble: null,
      pausedUntil: null,
    });
  });

  test('a person who leaves between the read and the write is absent, not an error', async () => {
    await path.link('alice');
    path.rig().discord.moderator.leave({ guildId, discordUserId: accounts.alice });

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await eventually(async () => (await path.stateOf('alice'))?.state === 'ABSENT');

    expect(await path.records()).toMatchObject([{ added: [], outcome: 'ABSENT' }]);
  });
});

describe('roles that the connector does not know yet', () => {
  test('a role just created and added is kept by a whole-list write', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors', 'recruits'])]);
    await path.rig().quiet();
    const { roleId } = path.rig().discord.moderator.createRole({
      guildId,
      name: 'Made just now',
    });
    path.rig().discord.moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId,
    });

    await path.rig().store.applyFacts([snapshotOf('alice', [])]);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([roleId]);
  });
});
