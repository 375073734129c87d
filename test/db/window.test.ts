import { expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { membership } from '../builders/store-world.js';
import { usePath } from '../support/path-fixture.js';

const { roles } = DEMO;
const path = usePath({ windowMs: 3_000 });

test('five consecutive changes take at most two runs, the first of which starts immediately', async () => {
  await path.link('alice');
  // The process that linked Alice still applies `windowMs` after that run; a new process does not.
  await path.rig().restart();

  const { store } = path.rig();
  await store.applyFacts([membership('alice', 'pilots')]);
  await store.applyFacts([membership('alice', 'directors')]);
  await store.applyFacts([membership('alice', 'directors', 'removed')]);
  await store.applyFacts([membership('alice', 'recruits')]);
  await store.applyFacts([membership('alice', 'directors')]);
  await path.rig().quiet();

  expect(path.rig().rolesOf('alice')?.toSorted()).toEqual(
    [roles.pilot, roles.director, roles.recruit].toSorted(),
  );
  expect((await path.records()).length).toBeLessThanOrEqual(2);
});
