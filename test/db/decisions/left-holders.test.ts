import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, mapGroup, nextOrder, snapshotOf } from '../../builders/store-world.js';
import {
  accountsOf,
  addCrowd,
  CROWD,
  decide,
  heldSweeps,
  pilots,
  say,
  theHeldSweep,
} from '../../support/crowd-fixture.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const { roles } = DEMO;
const sweeps = useSweeps();

/** Members of both groups, and members of pilots only. */
const BOTH = CROWD.slice(0, 9);
const PILOTS_ONLY = CROWD.slice(9);

async function mapTo(groupId: string, roleId: string = roles.pilot) {
  const { store, clientId } = sweeps.rig();
  await store.applyFacts([
    {
      kind: 'groupChanged',
      groupId,
      name: groupId,
      order: nextOrder(),
      cause,
    },
  ]);
  return mapGroup(store.mappings, { clientId, groupId, roleId });
}

async function retire(groupId: string, holders: 'LEAVE' | 'TAKE_BACK' = 'LEAVE', dryRun = false) {
  const [mapping] = await sweeps.query<{ id: string }>(
    `select id from role_mapping where group_id = '${groupId}'`,
  );
  const id = mapping?.id ?? '';
  const retired = await sweeps.rig().store.mappings.retireMapping({ id, holders, dryRun, cause });
  await sweeps.rig().quiet();
  return retired;
}

beforeEach(async () => {
  const rig = sweeps.rig();
  await addCrowd(rig);
  await mapTo('veterans');
  await rig.store.applyFacts(
    CROWD.map(({ platformUserId }) => {
      const isBoth = BOTH.some((each) => each.platformUserId === platformUserId);
      return snapshotOf(platformUserId, ['pilots', ...(isBoth ? ['veterans'] : [])]);
    }),
  );
  await rig.quiet();
});

describe('a mapping retired with LEAVE while its role has another mapping', () => {
  test('removes the role from no member before a decision, and shows how many are affected', async () => {
    const { effect, held } = await retire('pilots');

    await sweeps.sweep('VERIFY_GROUPS');
    await sweeps.sweep('REMOTE_SYNC');

    const sweep = await theHeldSweep(sweeps.rig());
    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
    expect(effect).toMatchObject({ removals: PILOTS_ONLY.length });
    expect(held).toEqual({ sweepId: sweep.id, removals: PILOTS_ONLY.length });
    expect(sweep.plan.members.map(({ discordUserId }) => discordUserId).toSorted()).toEqual(
      accountsOf(PILOTS_ONLY),
    );
    const [link] = await sweeps.query<{ state: string }>(
      `select state from member where discord_user_id = '${PILOTS_ONLY[0]?.discordUserId}'`,
    );
    expect(link).toEqual({ state: 'HELD' });

    await decide(sweeps.rig(), 'APPROVED', sweep);
    expect(pilots(sweeps.rig())).toEqual(accountsOf(BOTH));
  });

  test('shows the same in a dry run, and changes nothing', async () => {
    const { effect, held } = await retire('pilots', 'LEAVE', true);

    expect(effect).toMatchObject({
      removals: PILOTS_ONLY.length,
      additions: 0,
    });
    expect(held).toEqual({ sweepId: null, removals: PILOTS_ONLY.length });
    expect(await heldSweeps(sweeps.rig())).toEqual([]);
  });

  test('still applies a removal that was already due', async () => {
    const [revoked, ...others] = PILOTS_ONLY;
    await say(sweeps.rig(), revoked ? [revoked] : [], 'removed');

    const { held } = await retire('pilots');

    expect(held).toMatchObject({ removals: others.length });
    expect(pilots(sweeps.rig())).toEqual(accountsOf([...BOTH, ...others]));
  });

  test('leaves the role to its holders when further mappings of it are created and retired', async () => {
    await mapTo('alumni');
    await retire('pilots');

    await mapTo('guests');
    await retire('alumni');
    await sweeps.sweep('REMOTE_SYNC');

    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
    expect((await theHeldSweep(sweeps.rig())).plan.removals).toBe(PILOTS_ONLY.length);
  });

  test('leaves the role to all holders if the other mapping is retired too', async () => {
    await retire('pilots');
    await retire('veterans');
    await sweeps.sweep('REMOTE_SYNC');

    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
    expect(await heldSweeps(sweeps.rig())).toEqual([]);
  });

  test('grants the role again when it is recreated, with nothing left to decide', async () => {
    await retire('pilots');

    await mapTo('pilots');
    await sweeps.rig().quiet();
    await sweeps.sweep('REMOTE_SYNC');

    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
    expect(await heldSweeps(sweeps.rig())).toEqual([]);
  });
});
