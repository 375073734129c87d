import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../../builders/store-world.js';
import { eventually, patienceMs } from '../../support/eventually.js';
import {
  FLEET_COMMAND,
  OWNER,
  PATCH,
  REFUSED,
  useNicknames,
} from '../../support/nickname-fixture.js';
import { COUNTS, LIST } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;

const names = useNicknames();

/** Links Alice, who has no nickname yet. */
async function linkedJane(): Promise<void> {
  await names.person('alice', { character: 'Jane Doe', corporation: 'ACME' });
  await names.link('alice', accounts.alice);
}

/** Calls about one member since the last reset, e.g. `PATCH 200`. */
const callsAbout = (discordUserId: string) =>
  names
    .discord()
    .calls.recent()
    .filter(({ path }) => path.includes(`/members/${discordUserId}`))
    .map(({ method, status }) => `${method} ${status}`);

describe('a new link', () => {
  test('sets the nickname, records it and publishes it', async () => {
    await names.policy('TEMPLATE', '[%corporation] %character');

    await linkedJane();

    expect(names.nickOf('alice')).toBe('[ACME] Jane Doe');
    const [record] = (
      await names
        .rig()
        .store.read.pageAuditRecords({ clientId: names.rig().clientId }, { limit: 1, after: null })
    ).rows;
    expect(record).toMatchObject({
      added: [],
      removed: [],
      nickname: '[ACME] Jane Doe',
      outcome: 'APPLIED',
    });
    const events = await names.world.query<{ data: object }>(
      `select data from outbox where type = 'discord.roles.changed.v1'`,
    );
    expect(events.map((event) => event.data)).toMatchObject([
      { nickname: '[ACME] Jane Doe', added: [], removed: [] },
    ]);
  });

  test('adds several roles and the nickname in one write', async () => {
    await names.policy('EVE_ONLINE');
    await names.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors'])]);
    names.discord().calls.reset();

    await linkedJane();

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(names.rig().writes()).toBe(1);
    expect(names.patches()).toBe(1);
  });

  test.each([
    ['the strategy is NONE', { strategy: 'NONE', more: {} }],
    ['the client is in OBSERVE', { strategy: 'EVE_ONLINE', more: { authority: 'OBSERVE' } }],
  ] as const)('sets no nickname if %s', async (_name, { strategy, more }) => {
    await names.policy(strategy, null, more);

    await linkedJane();
    const sweep = await names.sweep();

    expect(sweep.state).toBe('DONE');
    expect(names.nickOf('alice')).toBeNull();
    expect(names.rig().writes()).toBe(0);
  });
});

describe('an event about a person', () => {
  test('renames the member at once, with one call and no read', async () => {
    await names.policy('EVE_ONLINE');
    await linkedJane();
    names.discord().calls.reset();

    await names.person('alice', { character: 'Jane Smith' });

    expect(names.nickOf('alice')).toBe('Jane Smith');
    expect(names.world.calls()).toEqual({ [PATCH]: 1 });
  });

  test('drops an attribute that became empty, together with its brackets', async () => {
    await names.policy('TEMPLATE', '[%corporation] %character');
    await linkedJane();

    await names.person('alice', { corporation: null });

    expect(names.nickOf('alice')).toBe('Jane Doe');
  });

  test('leaves the nickname unchanged while values are missing', async () => {
    await names.policy('TEMPLATE', '[%alliance] %character');

    await linkedJane();
    expect(names.nickOf('alice')).toBeNull();
    expect(await names.linkOf('alice')).toMatchObject({
      reason: 'the nickname is not set: the platform has not sent %alliance for this person',
    });

    await names.person('alice', { alliance: 'ALLY' });
    expect(names.nickOf('alice')).toBe('[ALLY] Jane Doe');
    expect(await names.linkOf('alice')).toMatchObject({ reason: null });
  });

  test('that changes no value of the nickname makes no call', async () => {
    await names.policy('EVE_ONLINE');
    await linkedJane();
    names.discord().calls.reset();

    await names.person('alice', { character: 'Jane Doe' });
    await names.person('alice', { corporation: 'OTHER' });
    await names.person('alice', {}, 'jane');

    expect(names.world.calls()).toEqual({});
  });

  test('makes no call for a person outside the guild, who gets the nickname after joining', async () => {
    await names.policy('EVE_ONLINE');
    await names.person('erin', { character: 'Erin Solo' });
    await names.link('erin', accounts.erin);
    names.discord().calls.reset();

    await names.person('erin', { character: 'Erin Duo' });
    expect(names.world.calls()).toEqual({});

    names.discord().moderator.join({ guildId, discordUserId: accounts.erin });
    await names.world.sweep('SYNC_ACCOUNTS');
    expect(names.nickOf('erin')).toBe('Erin Duo');
  });

  test('does not expand placeholders within values, and fits the nickname into Discord’s limit', async () => {
    await names.policy('TEMPLATE', '%character [%corporation]');
    await linkedJane();

    await names.person('alice', {
      character: '%username  %corporation',
      corporation: 'A',
    });
    expect(names.nickOf('alice')).toBe('%username %corporation [A]');

    await names.person('alice', { character: '👩‍🚀'.repeat(9) });
    expect(names.nickOf('alice')).toBe('👩‍🚀'.repeat(6));
  });
});

describe('the nickname sweep', () => {
  test('restores nicknames that a moderator changed, which nothing else does', async () => {
    await names.policy('EVE_ONLINE');
    await linkedJane();
    names.rename('alice', 'Funny Name');

    await names.rig().store.applyFacts([membership('alice', 'pilots')]);
    await names.rig().quiet();
    await names.world.sweep('VERIFY_GROUPS');
    expect(names.nickOf('alice')).toBe('Funny Name');

    const sweep = await names.sweep();
    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(sweep).toMatchObject({
      state: 'DONE',
      checked: 1,
      drifted: 1,
      changed: 1,
      failed: 0,
    });
    expect(callsAbout(accounts.alice)).toEqual(['PATCH 200']);
    expect(names.world.calls()[LIST]).toBe(1);
  });

  test('writes nothing right after another one, although Discord normalizes nicknames', async () => {
    await names.policy('TEMPLATE', '  %character   |  %corporation ');
    await linkedJane();
    await names.person('alice', { character: 'Jane\u200b \t Doe' });
    expect(names.nickOf('alice')).toBe('Jane Doe | ACME');

    const sweep = await names.sweep();

    expect(sweep).toMatchObject({ drifted: 0, changed: 0 });
    expect(names.world.calls()).toEqual({ [LIST]: 1, [COUNTS]: 1 });
  });

  test('with its own strategy uses it once, instead of the policy', async () => {
    await names.policy('TEMPLATE', '%corporation pilot');
    await linkedJane();
    expect(names.nickOf('alice')).toBe('ACME pilot');

    await names.sweep({ enforceStrategy: 'EVE_ONLINE' });
    expect(names.nickOf('alice')).toBe('Jane Doe');

    await names.sweep();
    expect(names.nickOf('alice')).toBe('ACME pilot');
  });

  test('reports the owner and members above the bot without calling Discord for them, and renames the others', async () => {
    await linkedJane();
    await names.person('boss', { character: 'The Boss' });
    await names.person('bob', { character: 'Bob Officer' });
    await names.link('boss', OWNER);
    await names.link('bob', accounts.bob);
    await names.policy('EVE_ONLINE');
    names.discord().moderator.giveRole({
      guildId,
      discordUserId: accounts.bob,
      roleId: FLEET_COMMAND,
    });

    const sweep = await names.sweep();

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(sweep).toMatchObject({ drifted: 3, changed: 1, failed: 2 });
    expect(names.refusals()).toBe(0);
    expect((await names.linkOf('boss')).reason).toContain('owner');
    expect((await names.linkOf('bob')).reason).toContain('not below the bot');
    expect((await names.linkOf('bob')).state).toBe('IN_STEP');

    const again = await names.sweep();
    expect(again).toMatchObject({ drifted: 2, changed: 0, failed: 2 });
    expect([...callsAbout(OWNER), ...callsAbout(accounts.bob)]).toEqual([]);
    expect(names.rig().writes()).toBe(0);
  });

  test('renames a member above the bot as soon as the bot may', async () => {
    await names.policy('EVE_ONLINE');
    names.discord().moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: FLEET_COMMAND,
    });
    await linkedJane();
    await names.sweep();
    expect(names.nickOf('alice')).toBeNull();

    names.discord().moderator.moveRole({ guildId, roleId: FLEET_COMMAND, position: 1 });
    await names.sweep();

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect((await names.linkOf('alice')).reason).toBeNull();
  });

  test('uses the mirror if the bot may not list members', async () => {
    await linkedJane();
    await names.policy('EVE_ONLINE');
    names.discord().moderator.setGuildMembersIntent({
      applicationId: DEMO.applicationId,
      guildMembersIntent: false,
    });

    const sweep = await names.sweep();

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(sweep).toMatchObject({ drifted: 1, changed: 1 });
    expect(sweep.reason).toContain('SERVER MEMBERS INTENT');
  });
});

describe('a nickname that Discord does not set', () => {
  const refuse = (times: number | null = null) =>
    names.discord().faults.plant({
      effect: { kind: 'status', status: 403, code: 50013 },
      method: 'PATCH',
      times,
    });

  test('delays no role, is shown as the reason, and is not retried', async () => {
    await names.policy('EVE_ONLINE');
    await names.rig().store.applyFacts([membership('alice', 'pilots')]);
    refuse();

    await linkedJane();

    expect(names.rig().rolesOf('alice')).toContain(roles.pilot);
    expect(await names.linkOf('alice')).toEqual({
      state: 'IN_STEP',
      reason: 'the nickname is not set: Discord does not accept "Jane Doe"',
    });
    names.discord().calls.reset();
    const sweep = await names.sweep();
    const id = await names.link('alice', accounts.alice);
    await names.rig().store.links.reconcileMember({ id, cause, waitMs: patienceMs() });
    await names.rig().quiet();
    expect(names.refusals()).toBe(0);
    expect(sweep).toMatchObject({ drifted: 1, changed: 0, failed: 1 });
  });

  test('is retried when it changes, or after a day', async () => {
    await names.policy('EVE_ONLINE');
    refuse();
    await linkedJane();
    expect(names.refusals()).toBe(1);

    await names.person('alice', { character: 'Jane Smith' });
    expect(names.refusals()).toBe(2);

    names.discord().faults.clear();
    await names.world.query(`update member set nickname_refused_at = now() - interval '25 hours'`);
    const sweep = await names.sweep();
    expect(names.nickOf('alice')).toBe('Jane Smith');
    expect(sweep).toMatchObject({ changed: 1, failed: 0 });
    expect((await names.linkOf('alice')).reason).toBeNull();
  });

  test('is not sent if the bot has lost the permission', async () => {
    const people = ['alice', 'bob', 'carol', 'dave'] as const;
    for (const each of people) {
      await names.person(each, { character: `Captain ${each}` });
      await names.link(each, accounts[each]);
    }
    await names.policy('EVE_ONLINE');
    names.discord().moderator.editRole({
      guildId,
      roleId: '300000000000000006',
      permissions: String(1n << 28n),
    });

    const sweep = await names.sweep();

    expect(sweep).toMatchObject({ drifted: 4, changed: 0, failed: 4 });
    expect(names.world.calls()[REFUSED]).toBeUndefined();
    expect((await names.linkOf('dave')).reason).toContain('Manage Nicknames');
  });

  test('is written at most once more after Discord accepted it without storing it', async () => {
    await names.policy('EVE_ONLINE');
    await names.person('alice', { character: 'Jane Doe' });
    names.discord().faults.plant({
      effect: { kind: 'lostWrite' },
      method: 'PATCH',
      times: null,
    });
    await names.link('alice', accounts.alice);
    names.discord().calls.reset();

    await names.sweep();
    await names.sweep();

    expect(names.rig().writes()).toBeLessThanOrEqual(1);
  });
});

describe('a run that is interrupted at the nickname', () => {
  test('closes the one record it had opened', async () => {
    await names.policy('EVE_ONLINE');
    names.discord().faults.plant({
      effect: { kind: 'drop', moment: 'after' },
      method: 'PATCH',
    });

    await linkedJane();
    await eventually(async () => names.nickOf('alice') === 'Jane Doe');
    await names.rig().quiet();

    const { rows } = await names
      .rig()
      .store.read.pageAuditRecords({ clientId: names.rig().clientId }, { limit: 10, after: null });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ nickname: 'Jane Doe', outcome: 'APPLIED' });
    expect(names.patches()).toBe(0);
  });
});
