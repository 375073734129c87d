/**
 * A process of its own that works on a mass of links: for `drift` or `sweep` it returns the result
 * and the time it took.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { judgePlan } from '../../services/reconcile/guard/guard.js';
import { planNicknameOf } from '../../services/reconcile/plan/plan-nickname.js';
import { holdRun } from '../../services/sweep/held-run.js';
import type { Guild } from '../../services/sweep/ports.js';
import { runSweep } from '../../services/sweep/run-sweep.js';
import { cause } from '../../test/builders/store-world.js';
import { openTestStore } from '../../test/support/store.js';
import { massGuild, placeOf, shownMember } from './mass-of-links.js';
import { SERVICE_KEYS } from './service.js';

const [databaseUrl = '', clientId = '', links = '0'] = process.argv.slice(2);
const HAVE_LEFT = 5;

process.channel?.ref();
const store = await openTestStore(databaseUrl, {
  keys: SERVICE_KEYS,
  poolSize: 2,
});
const work = {
  async drift() {
    const request = { clientId, seen: [], changed: [] };
    return (await store.sweeps.readDrift(request)).length;
  },
  sweep,
};
process.on('message', (message: unknown) => {
  if (message !== 'drift' && message !== 'sweep') return;
  const startedAt = performance.now();
  void work[message]().then((found) =>
    process.send?.({
      found,
      ms: performance.now() - startedAt,
      peakMiB: process.resourceUsage().maxRSS / 2 ** 10,
    }),
  );
});
process.send?.({ isReady: true });

/** A whole sweep without calls to Discord: the member list is generated on request. */
async function sweep(): Promise<number> {
  const asked = { clientId, dryRun: false, enforceStrategy: null, cause };
  await store.sweeps.startSweep({ ...asked, kind: 'REMOTE_SYNC' });
  const runs = store.sweeps.runs(judgePlan);
  const run = await runs.claim(600_000, []);
  if (run === null) throw new Error('there is no sweep to be run');
  const held = holdRun(run, {
    runs,
    isStopping: () => false,
    pause: async (ms) => sleep(ms),
    clock: Date.now,
  });
  const memory = { ...store.sweeps, runs };
  const ending = await runSweep({ memory, guild: madeUp(), planNickname: planNicknameOf }, held);
  if (ending.state !== 'DONE') throw new Error(`it ended: ${ending.reason}`);
  if ((await runs.finish(run, ending)) === null) throw new Error('the sweep was lost');
  return ending.drifted;
}

function madeUp(): Guild {
  const guild = massGuild();
  const count = Number(links) - HAVE_LEFT;
  return {
    async listMembers({ after, limit }) {
      const first = after === null ? 0 : placeOf(after) + 1;
      const length = Math.min(limit, count - first);
      return Promise.resolve(
        Array.from({ length }, (_, index) => shownMember(guild, first + index)),
      );
    },
    // Lower than the list shows, so the sweep does not doubt the list.
    readRoleCounts: async () =>
      Promise.resolve(new Map(guild.roleIds.map((roleId) => [roleId, 1]))),
    refreshRoles: async () => Promise.resolve(),
  };
}
