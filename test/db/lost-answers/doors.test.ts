import { beforeAll, describe, expect, test } from 'vitest';

import { loseAnswer, playWithFaults, statementsOf } from './play.js';
import { comeAndGo, joinAndLeave, linkOnce, takeByHand } from './stories.js';
import { createLossyWorld } from './world.js';

describe('when the response to any statement is lost', () => {
  /** Statements of the path, which other tests cover. */
  let except: readonly string[];
  beforeAll(async () => {
    const world = await createLossyWorld();
    except = await statementsOf(world, comeAndGo);
    await world.stop();
  });

  test.each([
    ['an ending link is deleted', joinAndLeave, 3],
    ['a sweep finishes and re-adds manually removed roles', takeByHand, 10],
    ['a mutation with a key is executed once and gets a response', linkOnce, 2],
  ])('%s within ten seconds', async (_what, story, least) => {
    const statements = await playWithFaults({
      createWorld: createLossyWorld,
      story,
      fault: loseAnswer,
      except,
    });

    expect(statements.length).toBeGreaterThanOrEqual(least);
  });
});
