import { describe, expect, test } from 'vitest';

import { DatabaseUnavailableError } from '../../services/lib/errors.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import type { FaultPoint } from '../support/fault-points.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const path = usePath();
const ALICE = { guildId, discordUserId: accounts.alice };

/** Abandons the run once at this point, before it saves more. The worker then retries it. */
function abandonOnceAt(point: FaultPoint): void {
  path.rig().at(point, async () => {
    path.rig().at(point, async () => undefined);
    throw new DatabaseUnavailableError('the database is away');
  });
}

async function reconcile(linkId: string): Promise<void> {
  const { store } = path.rig();
  await store.links.reconcileMember({ id: linkId, cause, waitMs: 0 });
  await path.rig().quiet();
}

describe('a member whom a moderator changed since the last read', () => {
  test.each(['memory.openRecord:after', 'memory.settle:before'] as const)(
    'loses a role although the run is abandoned at %s, and the record lists the removal',
    async (point) => {
      const linkId = await path.link('alice');
      await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
      await path.rig().quiet();
      path.rig().discord.moderator.giveRole({ ...ALICE, roleId: roles.pilot });
      abandonOnceAt(point);

      await reconcile(linkId);

      expect(path.rig().rolesOf('alice')).toEqual([]);
      const [newest] = await path.records();
      expect(newest).toMatchObject({
        plannedRemoved: [roles.pilot],
        removed: [roles.pilot],
        closedAt: expect.any(Date),
      });
    },
  );

  test.each(['memory.openRecord:after', 'memory.settle:before'] as const)(
    'regains a role although the run is abandoned at %s, and the record lists the grant',
    async (point) => {
      const linkId = await path.link('alice');
      await path.rig().store.applyFacts([membership('alice', 'pilots')]);
      await path.rig().quiet();
      path.rig().discord.moderator.takeRole({ ...ALICE, roleId: roles.pilot });
      abandonOnceAt(point);

      await reconcile(linkId);

      expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
      const [newest] = await path.records();
      expect(newest).toMatchObject({
        plannedAdded: [roles.pilot],
        added: [roles.pilot],
        closedAt: expect.any(Date),
      });
    },
  );
});

test('the records list all changes when a run is abandoned after a change, its link ends and the next run is abandoned too', async () => {
  const linkId = await path.link('alice');
  abandonOnceAt('memory.settle:before');
  const { store } = path.rig();
  path.rig().at('memory.readMember:before', async () => {
    if ((path.rig().rolesOf('alice') ?? []).length === 0) return;
    path.rig().at('memory.readMember:before', async () => undefined);
    await store.links.unlinkMember({ id: linkId, cause });
    abandonOnceAt('memory.openRecord:after');
  });

  await store.applyFacts([membership('alice', 'pilots')]);
  await path.rig().quiet();

  expect(path.rig().rolesOf('alice')).toEqual([]);
  expect(await path.records()).toMatchObject([
    { removed: [roles.pilot] },
    { added: [roles.pilot] },
  ]);
});
