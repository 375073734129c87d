import { expect, test } from 'vitest';

import { comeAndGo, joinThree } from './stories.js';
import { createLossyWorld } from './world.js';

test.each([
  ['one by one', comeAndGo, 3],
  ['by a list', joinThree, 2],
])(
  'roles written %s are correct within ten seconds, whichever Discord response is lost',
  async (_how, story, least) => {
    const world = await createLossyWorld();
    const { calls, faults } = world.rig.discord;
    calls.reset();
    await story(world);
    const made = Object.keys(calls.counts()).map((call) => call.split(' '));

    for (const [method = '', route = ''] of made) {
      calls.reset();
      const effect = { kind: 'drop', moment: 'after' } as const;
      faults.plant({ method, route, effect });
      await story(world);
      expect(calls.count({ method, route }), `${method} ${route}`).toBeGreaterThan(0);
    }
    await world.stop();

    expect(made.length).toBeGreaterThanOrEqual(least);
  },
);
