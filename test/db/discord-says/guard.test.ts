import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import { patienceMs } from '../../support/eventually.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const { guildId, roles } = DEMO;
const PEOPLE = Array.from({ length: 40 }, (_, index) => ({
  platformUserId: `person-${index}`,
  discordUserId: String(500000000000000100n + BigInt(index)),
}));

const guild = useDiscordSays();

/** Forty pilots who have the role. */
beforeEach(async () => {
  const { store, discord, clientId } = guild.rig();
  for (const { platformUserId: username, discordUserId } of PEOPLE) {
    discord.moderator.addUser({ discordUserId, username });
    discord.moderator.join({ guildId, discordUserId });
    discord.moderator.giveRole({
      guildId,
      discordUserId,
      roleId: roles.pilot,
    });
  }
  await store.applyFacts(PEOPLE.map(({ platformUserId }) => membership(platformUserId, 'pilots')));
  await store.links.importMembers({
    clientId,
    users: PEOPLE,
    dryRun: false,
    cause,
  });
  await guild.rig().quiet();
});

function takeFrom(count: number): void {
  for (const { discordUserId } of PEOPLE.slice(0, count))
    guild.rig().discord.moderator.takeRole({
      guildId,
      discordUserId,
      roleId: roles.pilot,
    });
}

const heldSweep = async () => {
  const [sweep] = await guild.query<{ id: string; state: string }>(
    "select id, state from sweep where kind = 'CHANGES'",
  );
  if (sweep === undefined) throw new Error('nothing is held');
  return sweep;
};

const decide = async (verdict: 'APPROVED' | 'REJECTED') => {
  const { id } = await heldSweep();
  await guild.rig().store.sweeps.decideSweep({ id, hash: null, verdict, cause });
  await guild.rig().quiet();
};

const countHeld = async () =>
  guild.rig().store.read.countLinks(guild.rig().clientId, { states: ['HELD'] });

describe('a role that thirty of forty members lost at Discord', () => {
  beforeEach(async () => {
    takeFrom(30);
    await guild.verify();
  });

  test('causes as many removal requests as the guard allows, and the rest wait for a decision', async () => {
    const asked = await guild.askedOf();

    expect(asked).toHaveLength(10);
    expect(new Set(asked).size).toBe(10);
    expect(await countHeld()).toBe(20);
    expect(await heldSweep()).toMatchObject({ state: 'HELD' });
    const [told] = await guild.query<{ data: { removals: number } }>(
      "select data from outbox where type = 'discord.sweep.held.v1'",
    );
    expect(told?.data).toBeDefined();

    await guild.verify();
    expect(await guild.askedOf()).toHaveLength(10);
    expect(await countHeld()).toBe(20);
  });

  test('causes the remaining requests when a person approves', async () => {
    await decide('APPROVED');

    expect(new Set(await guild.askedOf()).size).toBe(30);
    expect(await guild.askedOf()).toHaveLength(30);
    expect(await countHeld()).toBe(0);
    // When two runs end at the same time, the next sweep finds that nothing is left.
    await guild.verify();
    expect(await heldSweep()).toMatchObject({ state: 'DONE' });
  });

  test('causes no more requests after a rejection, until it changes at Discord', async () => {
    await decide('REJECTED');
    await guild.verify();

    expect(await guild.askedOf()).toHaveLength(10);
    expect(await countHeld()).toBe(0);

    const asked = new Set((await guild.asked()).map(({ data }) => data['discordUserId']));
    const [rejected] = PEOPLE.slice(0, 30).filter(({ discordUserId }) => !asked.has(discordUserId));
    const which = {
      guildId,
      discordUserId: rejected?.discordUserId ?? '',
      roleId: roles.pilot,
    };
    guild.rig().discord.moderator.giveRole(which);
    await guild.verify();
    guild.rig().discord.moderator.takeRole(which);
    await guild.verify();

    expect(await countHeld()).toBe(1);
    expect(await guild.askedOf()).toHaveLength(10);
  });

  test('is no longer held when the members regain it', async () => {
    for (const { discordUserId } of PEOPLE)
      guild.rig().discord.moderator.giveRole({
        guildId,
        discordUserId,
        roleId: roles.pilot,
      });

    await guild.verify();

    expect(await countHeld()).toBe(0);
    await guild.verify();
    expect(await heldSweep()).toMatchObject({ state: 'CANCELLED' });
  });
});

describe('removal requests', () => {
  test('count as removals of the last hour', async () => {
    takeFrom(7);
    await guild.verify();
    expect(await guild.askedOf()).toHaveLength(7);

    const [tally] = [await guild.rig().store.readTally(guild.rig().clientId, [])];

    expect(tally?.guild.removedLastHour).toBe(7);
    expect(tally?.roles.get(roles.pilot)?.removedLastHour).toBe(7);
  });

  test('still count after the platform has confirmed them', async () => {
    takeFrom(10);
    await guild.verify();
    await guild
      .rig()
      .store.applyFacts(
        PEOPLE.slice(0, 10).map(({ platformUserId }) =>
          membership(platformUserId, 'pilots', 'removed'),
        ),
      );
    await guild.rig().quiet();

    takeFrom(12);
    await guild.verify();

    expect(await guild.askedOf()).toHaveLength(10);
    expect(await countHeld()).toBe(2);
  });

  test('are sent beyond the limit for a member whom a person reconciles', async () => {
    takeFrom(10);
    await guild.verify();
    takeFrom(11);
    const link = await guild
      .rig()
      .store.read.findLinkByPlatformUser(guild.rig().clientId, 'person-10');

    await guild.rig().store.links.reconcileMember({
      id: link?.id ?? '',
      cause: { ...cause, isAskedFor: true },
      waitMs: patienceMs(),
    });

    expect(await guild.askedOf()).toContain('removed person-10 pilots');
  });
});
