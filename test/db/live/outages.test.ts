import { expect, test } from 'vitest';

import { membership } from '../../builders/store-world.js';
import { LIVE, useLive } from '../../support/live-fixture.js';

const live = useLive();

async function claimed(): Promise<number> {
  const { jobs } = await live.store().jobs.claim({
    running: new Map(),
    inWork: [],
    runsPerClient: 4,
    except: [],
  });
  return jobs.length;
}

test('an outage of the guild delays runs until it ends, and for ten minutes at most', async () => {
  await live.live().saveLiveState([live.clientId()], LIVE);
  await live.live().saveUnavailable(live.clientId(), true);
  await live.store().applyFacts([membership('alice', 'pilots')]);
  expect(await claimed()).toBe(0);

  await live.query("update live_guild set unavailable_since = now() - interval '11 minutes'");
  expect(await claimed()).toBe(1);
  await live.settleAll();

  await live.live().saveUnavailable(live.clientId(), false);
  await live.live().saveUnavailable(live.clientId(), true);
  await live.store().applyFacts([membership('alice', 'directors')]);
  expect(await claimed()).toBe(0);
  await live.live().saveUnavailable(live.clientId(), false);
  expect(await claimed()).toBe(1);
});
