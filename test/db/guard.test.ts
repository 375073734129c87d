import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import type { Rig } from '../support/rig.js';

const { guildId, roles } = DEMO;
const PEOPLE = Array.from({ length: 14 }, (_, index) => ({
  platformUserId: `person-${index}`,
  discordUserId: String(500000000000000100n + BigInt(index)),
}));

const path = usePath();
let rig: Rig;

beforeEach(async () => {
  rig = path.rig();
  for (const { platformUserId, discordUserId } of PEOPLE) {
    rig.discord.moderator.addUser({ discordUserId, username: platformUserId });
    rig.discord.moderator.join({ guildId, discordUserId });
    await rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId,
      discordUserId,
      cause,
    });
  }
  await rig.store.applyFacts(
    PEOPLE.map(({ platformUserId }) => membership(platformUserId, 'pilots')),
  );
  await rig.quiet();
});

function holders(): number {
  return rig.discord.guild(guildId).members.filter((member) => member.roleIds.includes(roles.pilot))
    .length;
}

async function removeFrom(count: number): Promise<void> {
  await rig.store.applyFacts(
    PEOPLE.slice(0, count).map(({ platformUserId }) =>
      membership(platformUserId, 'pilots', 'removed'),
    ),
  );
  await rig.quiet();
}

const removeEveryone = async () => removeFrom(PEOPLE.length);

async function setMinimum(minimum: number): Promise<void> {
  await rig.store.clients.updateClient(
    rig.clientId,
    { removalGuard: { minimum, percent: 20 } },
    cause,
  );
}

async function heldCount(): Promise<number> {
  return rig.store.read.countLinks(rig.clientId, { states: ['HELD'] });
}

describe('mass removals', () => {
  test('are all held if they exceed ten within an hour, while grants continue', async () => {
    expect(holders()).toBe(14);

    await removeEveryone();
    await rig.store.applyFacts([membership('person-13', 'recruits')]);
    await rig.quiet();

    expect(holders()).toBe(14);
    expect(await heldCount()).toBe(14);
    const newcomer = rig.discord.member(guildId, PEOPLE[13]?.discordUserId ?? '');
    expect(newcomer?.roleIds).toContain(roles.recruit);
  });

  test('show the reason on each held link', async () => {
    await removeEveryone();

    const { rows } = await rig.store.read.pageLinks(
      rig.clientId,
      { states: ['HELD'] },
      { limit: 20, after: null },
    );

    expect(rows.map((row) => row.reason)).toEqual(
      Array(14).fill(expect.stringContaining('removal guard')),
    );
  });

  test('are all applied when the limit is raised, if half of the holders keep the role', async () => {
    await setMinimum(5);
    await removeFrom(7);
    expect(holders()).toBe(14);

    await setMinimum(7);
    await rig.quiet();

    expect(holders()).toBe(7);
    expect(await heldCount()).toBe(0);
  });

  test('all stay held when the limit is raised, if more than half of the holders would lose the role', async () => {
    await removeFrom(8);
    await setMinimum(20);
    await rig.quiet();

    expect(holders()).toBe(14);
    expect(await heldCount()).toBe(8);
  });

  test('are not held when a mapping is retired with TAKE_BACK', async () => {
    await rig.store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });
    await rig.quiet();

    expect(holders()).toBe(0);
  });

  test('are held too when users are deleted', async () => {
    await rig.store.applyFacts(
      PEOPLE.map(({ platformUserId }) => ({
        kind: 'userDeleted',
        platformUserId,
        order: nextOrder(),
        cause,
      })),
    );
    await rig.quiet();

    expect(holders()).toBe(14);
    expect(await rig.store.read.countLinks(rig.clientId, {})).toBe(14);
  });

  test('leave no audit record while they are only held', async () => {
    await removeEveryone();

    const { rows } = await rig.store.read.pageAuditRecords(
      { clientId: rig.clientId },
      { limit: 100, after: null },
    );

    expect(rows).not.toEqual([]);
    expect(rows.flatMap((record) => record.plannedRemoved)).toEqual([]);
    expect(rows.filter((record) => record.closedAt === null)).toEqual([]);
  });
});

describe('deleting a client', () => {
  test('with TAKE_BACK removes every role and then the client', async () => {
    await rig.store.clients.deleteClient({
      id: rig.clientId,
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });
    await eventually(async () => (await rig.store.clients.listClients()).length === 0);

    expect(holders()).toBe(0);
  });

  test('with LEAVE keeps every role and removes the client at once', async () => {
    await rig.store.clients.deleteClient({
      id: rig.clientId,
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });

    expect(await rig.store.clients.listClients()).toEqual([]);
    expect(holders()).toBe(14);
  });

  test('lists the affected members in a dry run, and changes nothing', async () => {
    const effect = await rig.store.clients.deleteClient({
      id: rig.clientId,
      holders: 'TAKE_BACK',
      dryRun: true,
      cause,
    });

    expect(effect).toMatchObject({
      additions: 0,
      removals: 14,
      // Each member is read, written and read again as the proof.
      calls: 3 * 14,
      seconds: 1,
    });
    expect(effect.members).toHaveLength(14);
    expect(effect.members[0]).toMatchObject({
      add: [],
      remove: [expect.stringMatching(/^\d+$/)],
      reason: 'the client is deleted',
    });
    expect(await rig.store.clients.listClients()).toHaveLength(1);
  });
});
