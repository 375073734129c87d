import { expect, test } from 'vitest';

import { loseAnswer, pauseAfter, playWithFaults } from './play.js';
import { comeAndGo } from './stories.js';
import { createLossyWorld } from './world.js';

test.each([
  ['the answer to any statement is lost', loseAnswer],
  ['the database pauses for longer than any lease', pauseAfter],
])('a fact is applied at Discord within ten seconds after %s', async (_what, fault) => {
  const statements = await playWithFaults({
    createWorld: createLossyWorld,
    story: comeAndGo,
    fault,
  });

  expect(statements.length).toBeGreaterThan(35);
});
