import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { dumpOf } from '../../support/dump.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';

const { accounts, roles } = DEMO;
const PERSON = 'p-1001';
const guild = useSignIn();

/** Every personal name in these tests; erin is the account's name at Discord. */
const NAMES = /zanzibar|quetzalcoatl|zymurgy|zephyrcorp|zenithpact|\berin\b/i;

const user = (platformUserId: string, username: string, character: string) => ({
  kind: 'userChanged' as const,
  platformUserId,
  username,
  attributes: { character, corporation: 'ZEPHYRCORP', alliance: 'ZENITHPACT' },
  order: nextOrder(),
  cause,
});

const deleted = () => ({
  kind: 'userDeleted' as const,
  platformUserId: PERSON,
  order: nextOrder(),
  cause,
});

/** A person who linked by signing in and was renamed, with tickets, tokens and plans. */
async function plantPerson(): Promise<string> {
  const { store, query, clientId } = guild.rig();
  await guild.keepTokens(true);
  await guild.update({
    nicknamePolicy: {
      strategy: 'TEMPLATE',
      template: '[%corporation] %character',
      onUnlink: 'RESET',
    },
  });
  await store.applyFacts([user(PERSON, 'zanzibar', 'Quetzalcoatl'), membership(PERSON, 'pilots')]);
  const linkId = await guild.signIn('erin', { platformUserId: PERSON });
  await store.applyFacts([user(PERSON, 'zanzibar', 'Quetzalcoatl II')]);
  await guild.quiet();
  await store.signIn.tickets.openTicket({
    ticketHash: createHash('sha256').update('another').digest('hex'),
    clientId,
    platformUserId: PERSON,
    email: 'zymurgy@example.org',
    returnTo: 'https://platform.example.org/zanzibar',
    expiresAt: new Date(Date.now() + 600_000),
  });
  const plan = {
    hash: 'x',
    removals: 0,
    additions: 0,
    calls: 2,
    seconds: 2,
    members: [
      planned(PERSON, accounts.erin, 'Quetzalcoatl III'),
      planned('bob', accounts.bob, 'Robert'),
    ],
  };
  await query(`
    insert into sweep (id, client_id, kind, state, is_dry_run, plan, cause, drifted, finished_at)
    values (gen_random_uuid(), '${clientId}', 'ENFORCE_NICKNAMES', 'DONE', true, '${JSON.stringify(plan)}', '{}', 2, now())`);
  await query(`
    insert into audit_record (id, client_id, discord_user_id, platform_user_id, causes, planned_added, planned_removed, guarded_removed,
      planned_nickname, outcome, reason, opened_at, closed_at)
    values (gen_random_uuid(), '${clientId}', '${accounts.erin}', '${PERSON}', '[]', '{}', '{}', '{}', 'Quetzalcoatl IV', 'UNCHANGED',
      'Discord did not take the nickname "Quetzalcoatl IV"', now(), now())`);
  return linkId;
}

/** Waits until the last role and the link are removed. */
const ended = async () =>
  eventually(async () => (await guild.linkOf(PERSON)) === undefined, {
    what: 'the link is gone',
  });

const planned = (platformUserId: string, discordUserId: string, nickname: string) => ({
  discordUserId,
  platformUserId,
  add: [],
  remove: [],
  nickname,
  reason: `has another nickname than ${nickname}`,
});

describe('a deleted person', () => {
  test('leaves no name in any table, once the last role is removed', async () => {
    await plantPerson();
    expect(await dumpOf(guild.url())).toMatch(NAMES);

    await guild.rig().store.applyFacts([deleted()]);
    await ended();
    await guild.revoked();

    const dump = await dumpOf(guild.url());
    const traces = dump.split('\n').filter((line) => NAMES.test(line));
    expect(traces).toEqual([]);
    expect(guild.rolesOf('erin')).toEqual([]);
  });

  test('stays in the audit by id and roles, without a name or memberships', async () => {
    await plantPerson();

    await guild.rig().store.applyFacts([deleted()]);
    await ended();

    const records = (await guild.records()).filter(
      ({ platformUserId }) => platformUserId === PERSON,
    );
    expect(records.some(({ added }) => added.includes(roles.pilot))).toBe(true);
    expect(records.some(({ nickname }) => nickname === '(deleted)')).toBe(true);
    expect((await guild.records()).some(({ removed }) => removed.includes(roles.pilot))).toBe(true);
    const users = await guild.rig().query('select id, username from platform_user');
    expect(users).toContainEqual({ id: PERSON, username: null });
    expect(await guild.rig().query('select from membership')).toEqual([]);
  });

  test('of a disabled client loses the names at once, and the rest once the roles are removed', async () => {
    await plantPerson();
    await guild.update({ isEnabled: false });

    await guild.rig().store.applyFacts([deleted()]);

    const before = await dumpOf(guild.url());
    expect(before.split('\n').filter((line) => NAMES.test(line))).toEqual([]);
    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    await guild.update({ isEnabled: true });
    await ended();
    expect(await dumpOf(guild.url())).not.toMatch(NAMES);
    expect(guild.rolesOf('erin')).toEqual([]);
  });

  test('keeps the reason of a parked account when the link of another account is removed', async () => {
    const { store, query, clientId, discord } = guild.rig();
    const guildId = DEMO.guildId;
    await store.applyFacts([membership(PERSON, 'pilots')]);
    await guild.signIn('erin', { platformUserId: PERSON });
    discord.moderator.moveRole({ guildId, roleId: roles.pilot, position: 7 });
    await guild.rig().importRoles();
    discord.moderator.leave({ guildId, discordUserId: accounts.bob });
    await store.links.linkMember({
      clientId,
      platformUserId: PERSON,
      discordUserId: accounts.bob,
      cause,
    });
    await store.applyFacts([deleted()]);
    await guild.quiet();
    const erin = async () =>
      query(
        `select state, reason, is_parked from member join reconcile_job using (client_id, discord_user_id) where discord_user_id = '${accounts.erin}'`,
      );
    const before = await erin();
    expect(before).toMatchObject([
      { state: 'PARKED', reason: expect.stringContaining('is not below the bot'), is_parked: true },
    ]);

    const ofBob = `where discord_user_id = '${accounts.bob}'`;
    await query(`update member set absent_since = absent_since - interval '1 minute' ${ofBob}`);
    await query(`update reconcile_job set due_at = now(), is_parked = false ${ofBob}`);
    await query("select pg_notify('reconcile_job', '')");
    await eventually(async () => (await query(`select from link ${ofBob}`)).length === 0, {
      what: 'the other link has been removed',
    });

    expect(await erin()).toEqual(before);
  });

  test('leaves the data of other people unchanged', async () => {
    const { store, query } = guild.rig();
    await plantPerson();
    await store.applyFacts([user('bob', 'Robert', 'Bobby'), membership('bob', 'pilots')]);
    await guild.signIn('bob', { platformUserId: 'bob' });
    const records = async () =>
      query(
        `select nickname, planned_nickname, reason from audit_record where platform_user_id = 'bob' order by id`,
      );
    const before = await records();

    await store.applyFacts([deleted()]);
    await ended();

    expect(await records()).toEqual(before);
    expect(JSON.stringify(before)).toContain('Bobby');
    const plans = await query('select plan from sweep where plan is not null');
    expect(JSON.stringify(plans)).toContain('Robert');
    expect(await guild.linkOf('bob')).toMatchObject({ state: 'IN_STEP' });
    expect(await query(`select from membership where platform_user_id = 'bob'`)).toHaveLength(1);
  });
});

describe('a person who unlinks', () => {
  test('leaves no name of the account in the mirror', async () => {
    const { store, query } = guild.rig();
    const linkId = await plantPerson();

    await store.links.unlinkMember({ id: linkId, cause });
    await ended();

    expect(
      await query(
        `select username, display_name, nickname from member where discord_user_id = '${accounts.erin}'`,
      ),
    ).toEqual([{ username: null, display_name: null, nickname: null }]);
  });
});
