import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { signIn } from '../../support/sign-in-rig.js';
import { byName, OTHER_GUILD } from '../../support/sign-in-world.js';

const { guildId, roles } = DEMO;
const GUILD = '/guilds/{guild_id}';
const MEMBER = `${GUILD}/members/{user_id}`;
const guild = useSignIn();

const client = async (id = guild.rig().clientId) =>
  (await guild.rig().store.clients.findClients([id]))[0];

describe('a person who signed in', () => {
  test('and leaves keeps the link as ABSENT, and costs no call until marked', async () => {
    const { discord, store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    const linkId = await guild.signIn('erin');
    discord.moderator.leave(byName('erin'));

    await guild.reconcile(linkId);
    discord.calls.reset();
    await store.applyFacts([membership('erin', 'unmapped')]);
    await guild.quiet();

    expect(await guild.linkOf('erin')).toMatchObject({
      id: linkId,
      state: 'ABSENT',
      roleIds: [],
      reason: 'the account is not in the guild',
    });
    expect(guild.calls()).toEqual([]);
  });

  test('and leaves and returns gets the roles again, and both moves are published', async () => {
    const { discord, store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    const linkId = await guild.signIn('erin');
    discord.moderator.leave(byName('erin'));
    await guild.reconcile(linkId);

    discord.moderator.join(byName('erin'));
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect((await guild.told()).map(({ type }) => type)).toEqual([
      'discord.user.linked.v1',
      'discord.roles.changed.v1',
      'discord.member.left.v1',
      'discord.member.returned.v1',
      'discord.roles.changed.v1',
    ]);
  });

  test('and is timed out is shown with the end of the timeout', async () => {
    const until = new Date(Date.now() + 3_600_000);
    const linkId = await guild.signIn('erin');

    guild.rig().discord.moderator.setTimeOut({
      ...byName('erin'),
      until: until.toISOString(),
    });
    await guild.reconcile(linkId);

    expect(await guild.linkOf('erin')).toMatchObject({
      timedOutUntil: until,
      state: 'IN_STEP',
    });
  });

  test('and left is unlinked without a write', async () => {
    const { discord, store } = guild.rig();
    await guild.keepTokens(true);
    await store.applyFacts([membership('erin', 'pilots')]);
    const linkId = await guild.signIn('erin');
    discord.moderator.leave(byName('erin'));
    discord.calls.reset();

    await store.links.unlinkMember({ id: linkId, cause });
    await guild.passMinuteOfAbsence();
    await eventually(async () => (await guild.linkOf('erin')) === undefined);
    await guild.revoked();

    expect(guild.calls().filter((call) => /^(PUT|PATCH|DELETE) /.test(call))).toEqual([]);
    expect(guild.rolesOf('erin')).toBeUndefined();
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('is unlinked at every client when the platform deletes them', async () => {
    const { store, otherClientId } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    await guild.signIn('erin');
    await guild.signIn('erin', { clientId: otherClientId });
    expect(guild.rolesOf('erin', OTHER_GUILD.guildId)).toEqual([OTHER_GUILD.pilot]);

    await store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'erin',
        order: nextOrder(),
        cause,
      },
    ]);
    await eventually(async () => (await guild.linkOf('erin')) === undefined);
    await eventually(async () => (await guild.linkOf('erin', otherClientId)) === undefined);

    expect(guild.rolesOf('erin')).toEqual([]);
    expect(guild.rolesOf('erin', OTHER_GUILD.guildId)).toEqual([]);
  });
});

describe.each([
  { code: 10004, status: 404 },
  { code: 50001, status: 403 },
])('a response with code $code', ({ code, status }) => {
  const effect = { kind: 'status', status, code } as const;

  test('to adding one person parks only that person while the guild responds', async () => {
    const { discord, store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots'), membership('dave', 'pilots')]);
    discord.faults.plant({
      method: 'PUT',
      route: MEMBER,
      effect,
      discordUserId: byName('erin').discordUserId,
    });

    await guild.signIn('erin');
    await guild.signIn('dave');

    expect(await guild.linkOf('erin')).toMatchObject({ state: 'PARKED' });
    expect(guild.rolesOf('dave')).toEqual([roles.pilot]);
    expect(await client()).toMatchObject({ trouble: null, pausedUntil: null });
  });

  test('that parked a person lets the next run finish with the same grant and record', async () => {
    const { discord, store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    discord.faults.plant({ method: 'PUT', route: MEMBER, effect });
    const linkId = await guild.signIn('erin');

    await guild.reconcile(linkId);
    await guild.revoked();

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.records()).toMatchObject([{ added: [roles.pilot] }]);
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('from the guild itself pauses the client, and the person waits', async () => {
    const { discord, store, otherClientId, query } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    const faults = [
      discord.faults.plant({ method: 'PUT', guildId, times: null, effect }),
      discord.faults.plant({ method: 'GET', guildId, times: null, effect }),
    ];

    await signIn(guild.rig(), guild.personOf('erin'));
    await eventually(async () => (await client())?.pausedUntil !== null);

    expect(await guild.linkOf('erin')).toMatchObject({ state: 'PENDING' });
    expect(await client(otherClientId)).toMatchObject({ pausedUntil: null });

    for (const fault of faults) discord.faults.remove(fault);
    await query('update client set paused_until = now()');
    await guild.quiet();

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await client()).toMatchObject({ trouble: null });
  });
});
