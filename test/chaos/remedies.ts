import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { patienceMs } from '../support/eventually.js';
import type { Play } from './play.js';

const Waiting = z.object({ is_silent: z.boolean(), jobs: z.number(), sweeps: z.number() });

const WAITING = `
  select coalesce(sending_until > clock_timestamp(), false) as is_silent,
    (select count(*) from reconcile_job where not is_parked)::int as jobs,
    (select count(*) from sweep where state = 'WAITING')::int as sweeps
  from client`;

/**
 * What the runbook names for a bot that may send nothing: the doctor, which tells every process to
 * try one call, and that call ends the pause. A pause that nobody waits for may stand until there is
 * something to send.
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
      return [`the doctor does not end the pause: ${jobs} members and ${sweeps} sweeps wait`];
    await sleep(100);
  }
}

/** A process asks again after half a minute whether its pause has ended, and a sweep after one. */
const LEARNT_MS = 60_000;
