import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import {
  accountsOf,
  addCrowd,
  becomes,
  CROWD,
  decide,
  heldSweeps,
  pilots,
  say,
  stateOf,
  theHeldSweep,
} from '../../support/crowd-fixture.js';
import { eventually, patienceMs } from '../../support/eventually.js';
import { usePath } from '../../support/path-fixture.js';
import type { Rig } from '../../support/rig.js';

const path = usePath();
let rig: Rig;

beforeEach(async () => {
  rig = path.rig();
  await addCrowd(rig);
});

describe('removals that the guard holds outside a sweep', () => {
  test('wait together in one plan that shows members, roles, reasons and costs', async () => {
    await say(rig, CROWD, 'removed');

    const sweep = await theHeldSweep(rig);

    expect(pilots(rig)).toHaveLength(14);
    expect(sweep).toMatchObject({
      kind: 'CHANGES',
      reason: expect.stringContaining('removal guard'),
      finishedAt: null,
      plan: { removals: 14, additions: 0, calls: 9 + 5 * 3, seconds: 1 },
    });
    expect(sweep.plan.members.map((member) => member.discordUserId).toSorted()).toEqual(
      pilots(rig),
    );
    expect(sweep.plan.members[0]).toMatchObject({
      platformUserId: expect.stringMatching(/^person-/),
      add: [],
      remove: [DEMO.roles.pilot],
      reason: expect.stringMatching(/event .* of site, group pilots/),
    });
  });

  test('are applied once they are approved, with the approval in each audit record', async () => {
    await say(rig, CROWD, 'removed');
    const sweep = await theHeldSweep(rig);

    await decide(rig, 'APPROVED', sweep);
    await becomes(rig, sweep.id, 'DONE');

    expect(pilots(rig)).toEqual([]);
    const records = await path.records();
    const ofSweep = records.filter((record) =>
      record.causes.some(({ kind, id }) => kind === 'SWEEP' && id === sweep.id),
    );
    expect(ofSweep).toHaveLength(14);
    expect(ofSweep[0]?.causes).toContainEqual(
      expect.objectContaining({ kind: 'SWEEP', actor: 'an admin' }),
    );
    const [done] = await rig.store.sweeps.findSweeps([sweep.id]);
    expect(done).toMatchObject({
      decidedBy: 'an admin',
      changed: 14,
      plan: { hash: sweep.plan.hash, removals: 14 },
    });
  });

  test('cannot be approved twice', async () => {
    await say(rig, CROWD, 'removed');
    const sweep = await theHeldSweep(rig);
    await decide(rig, 'APPROVED', sweep);

    await expect(decide(rig, 'APPROVED', sweep)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      field: 'input.id',
    });
  });

  test('cannot be approved with the hash of an outdated plan', async () => {
    await say(rig, CROWD, 'removed');
    const seen = await theHeldSweep(rig);
    const [back] = CROWD.filter(({ discordUserId }) => pilots(rig).includes(discordUserId));
    if (back === undefined) throw new Error('nobody is held');
    await say(rig, [back], 'added');

    await expect(decide(rig, 'APPROVED', seen)).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'input.hash',
    });

    expect(pilots(rig)).toHaveLength(14);
    const now = await theHeldSweep(rig);
    expect(now.plan.removals).toBe(13);
    await decide(rig, 'APPROVED', now);
    await becomes(rig, now.id, 'DONE');
    expect(pilots(rig)).toEqual([back.discordUserId]);
  });

  test('are not applied after a rejection until newer facts arrive', async () => {
    await say(rig, CROWD, 'removed');
    const sweep = await theHeldSweep(rig);
    const kept = pilots(rig);

    await decide(rig, 'REJECTED', sweep);
    for (const { platformUserId } of CROWD) await looked(platformUserId);

    expect(pilots(rig)).toEqual(kept);
    expect(await stateOf(rig, sweep.id)).toBe('REJECTED');
    expect(await heldSweeps(rig)).toEqual([]);
    expect(await rig.store.read.countLinks(rig.clientId, { states: ['HELD'] })).toBe(0);

    await say(rig, CROWD.slice(0, 1), 'removed');
    expect(pilots(rig)).toEqual(accountsOf(CROWD.slice(1)));
    await say(rig, CROWD.slice(1), 'removed');
    expect((await theHeldSweep(rig)).plan.removals).toBe(13);
  });

  test('are cancelled once all of their roles are desired again', async () => {
    await say(rig, CROWD, 'removed');
    const sweep = await theHeldSweep(rig);

    await say(rig, CROWD, 'added');

    expect(await stateOf(rig, sweep.id)).toBe('CANCELLED');
    expect(pilots(rig)).toEqual(accountsOf(CROWD));
  });

  test('are applied for a member who unlinks, while the others stay held', async () => {
    await say(rig, CROWD, 'removed');
    const [discordUserId = ''] = pilots(rig);
    const link = await linkOf(discordUserId);

    await rig.store.links.unlinkMember({ id: link, cause });
    await eventually(async () => pilots(rig).length < 14);
    await rig.quiet();

    expect(pilots(rig)).toHaveLength(13);
    expect(pilots(rig)).not.toContain(discordUserId);
    expect((await theHeldSweep(rig)).plan.removals).toBe(13);
  });

  test('are applied for a member whom a person reconciles', async () => {
    await say(rig, CROWD, 'removed');
    const [discordUserId = ''] = pilots(rig);

    await rig.store.links.reconcileMember({
      id: await linkOf(discordUserId),
      cause,
      waitMs: patienceMs(),
    });

    expect(pilots(rig)).toHaveLength(13);
    expect(pilots(rig)).not.toContain(discordUserId);
  });

  test('do not hold a new grant to the same member', async () => {
    await say(rig, CROWD, 'removed');

    await rig.store.applyFacts([membership('person-13', 'recruits')]);
    await rig.quiet();

    expect(rig.discord.member(DEMO.guildId, CROWD[13]?.discordUserId ?? '')?.roleIds).toContain(
      DEMO.roles.recruit,
    );
  });
});

describe('more than half of the holders of a role', () => {
  test('keep it, whatever the limits allow, until a person approves', async () => {
    await rig.store.clients.updateClient(
      rig.clientId,
      { removalGuard: { minimum: 100, percent: 0 } },
      cause,
    );

    await say(rig, CROWD.slice(0, 8), 'removed');

    expect(pilots(rig)).toHaveLength(14);
    const sweep = await theHeldSweep(rig);
    expect(sweep.reason).toMatch(/role Pilot \(\d+\) would be removed from 8 of the 14/);
    await decide(rig, 'APPROVED', sweep);
    expect(pilots(rig)).toEqual(accountsOf(CROWD.slice(8)));
  });
});

async function linkOf(discordUserId: string): Promise<string> {
  const { rows } = await rig.store.read.pageLinks(rig.clientId, {}, { limit: 100, after: null });
  return rows.find((row) => row.discordUserId === discordUserId)?.id ?? '';
}

async function looked(platformUserId: string): Promise<void> {
  const found = await rig.store.read.findLinkByPlatformUser(rig.clientId, platformUserId);
  await rig.store.links.reconcileMember({
    id: found?.id ?? '',
    cause,
    waitMs: patienceMs(),
  });
}
