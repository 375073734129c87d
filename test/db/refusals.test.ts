import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { membership } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { bringCrowd, holdersOf, people } from './writes/crowd.js';

const { roles } = DEMO;
const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';

const path = usePath();

describe('a role refused once for a possibly temporary reason', () => {
  test.each([
    ['404 with code 0', 404, 0],
    ['400 with code 0', 400, 0],
    ['400 with 50035 and no field', 400, 50035],
    ['403 with an unknown code', 403, 987_654],
  ])('is granted after a short wait: %s', async (_what, status, code) => {
    await path.link('alice');
    const { discord, store, quiet } = path.rig();
    discord.faults.plant({
      effect: { kind: 'status', status, code },
      route: MEMBER_ROLE,
    });

    await store.applyFacts([membership('alice', 'pilots'), membership('alice', 'recruits')]);
    await eventually(() => discord.calls.count({ route: MEMBER_ROLE }) > 0);
    await quiet();

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.recruit]));
    expect(await path.stateOf('alice')).toEqual({
      state: 'IN_STEP',
      reason: null,
    });
    const records = await path.records();
    expect(records.filter(({ closedAt }) => closedAt === null)).toEqual([]);
  });
});

describe('a guild that refuses every write for a while', () => {
  test.each([
    ['40006, possibly temporarily', 400, 40006],
    ['50013, which is documented as lasting', 403, 50013],
  ])(
    'has every role granted afterwards, even the refused ones: %s',
    async (_what, status, code) => {
      const crowd = people(20);
      await bringCrowd(path.rig(), crowd);
      const { discord, store, quiet } = path.rig();
      const fault = discord.faults.plant({
        effect: { kind: 'status', status, code },
        route: MEMBER_ROLE,
        method: 'PUT',
        times: null,
      });
      const lists = discord.faults.plant({
        effect: { kind: 'status', status, code },
        method: 'PATCH',
        times: null,
      });

      await store.applyFacts(
        crowd.map(({ platformUserId }) => membership(platformUserId, 'pilots')),
      );
      await eventually(async () => ((await path.client())?.pausedUntil ?? null) !== null);
      expect((await path.client())?.trouble).toContain(`add role Pilot (${roles.pilot})`);
      discord.faults.remove(fault);
      discord.faults.remove(lists);
      await path.expirePause();
      await quiet();

      expect(holdersOf(path.rig(), roles.pilot)).toBe(crowd.length);
      expect(await path.client()).toMatchObject({ trouble: null });
    },
  );
});
