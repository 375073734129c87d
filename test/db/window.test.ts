import { expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { membership } from '../builders/store-world.js';
import { usePath } from '../support/path-fixture.js';

const { roles } = DEMO;
const path = usePath({ store: { windowMs: 3_000 } });

test('the first change is made at once, and four more within the window share one further run', async () => {
  const { store } = path.rig();
  const rolesOf = (name: 'alice') => [...(path.rig().rolesOf(name) ?? [])];
  await path.link('alice');
  await path.query("update member set last_reconciled_at = now() - interval '1 minute'");

  await store.applyFacts([membership('alice', 'pilots')]);
  await path.rig().quiet();
  expect(rolesOf('alice')).toEqual([roles.pilot]);
  await store.applyFacts([membership('alice', 'directors')]);
  await store.applyFacts([membership('alice', 'directors', 'removed')]);
  await store.applyFacts([membership('alice', 'recruits')]);
  await store.applyFacts([membership('alice', 'directors')]);
  await path.rig().quiet();

  expect(rolesOf('alice').toSorted()).toEqual(
    [roles.pilot, roles.director, roles.recruit].toSorted(),
  );
  const added = (await path.records()).map((record) => record.added);
  expect(added.map((each) => each.length)).toEqual([2, 1]);
});
