import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { patienceMs } from '../support/eventually.js';
import type { Play } from './play.js';

const Waiting = z.object({ is_silent: z.boolean(), jobs: z.number(), sweeps: z.number() });

const WAITING = `
  select coalesce(sending_until > clock_timestamp(), false) as is_silent,
    (select count(*) from reconcile_job where not is_parked and client.is_enabled)::int as jobs,
    (select count(*) from sweep where state = 'WAITING')::int as sweeps
  from client`;

/**
 * The runbook's remedy for a paused bot: the doctor makes every process try one call, and that call
 * ends the pause. A pause may remain while no work waits for it. Members of a disabled client wait
 * for it to be enabled: no process calls Discord for them before, so none of them ends a pause.
 */
export async function endSilence(play: Play): Promise<readonly string[]> {
  const { stage } = play;
  const waiting = async () => Waiting.parse((await stage.query(WAITING))[0]);
  if (!(await waiting()).is_silent) return [];
  const from = Date.now();
  await stage.check();
  const untilMs = Date.now() + LEARNT_MS + patienceMs();
  for (;;) {
    const { is_silent: isSilent, jobs, sweeps } = await waiting();
    const span = { from, until: Date.now() };
    play.changes.push(span);
    play.cures.push({ account: 'all', ...span });
    if (!isSilent || jobs + sweeps === 0) return [];
    if (Date.now() > untilMs)
      return [`the doctor did not end the pause: ${jobs} members and ${sweeps} sweeps still wait`];
    await sleep(100);
  }
}

/** A process checks every half minute whether its pause has ended, and a sweep every minute. */
const LEARNT_MS = 60_000;
