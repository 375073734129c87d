import { Cron } from 'croner';

import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';

const EVERY_TEN_MINUTES = '*/10 * * * *';

/**
 * Maximum number of delete statements per round, each for a few hundred rows. The next round
 * continues.
 */
const MOST_STEPS = 200;

/** Pause between two statements, so that other queries are not blocked. */
const PAUSE_MS = 50;

interface Deps {
  /** Deletes expired rows. Resolves to null if another process is already doing so. */
  readonly removeOver: (request: {
    readonly most: number;
    readonly pause: () => Promise<void>;
  }) => Promise<{
    readonly counts: Readonly<Record<string, number>>;
    readonly hasMore: boolean;
  } | null>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

/** Deletes expired rows, such as closed audit records and finished sweeps. */
export function createRetentionTask(deps: Deps): Part {
  const stopping = new AbortController();
  let job: Cron | undefined;
  let round: Promise<void> = Promise.resolve();
  const begin = () => {
    round = removeOnce(deps, stopping.signal);
    return round;
  };
  return {
    name: 'retention',
    async start() {
      job = new Cron(EVERY_TEN_MINUTES, { protect: true, unref: true }, begin);
    },
    async stop() {
      job?.stop();
      stopping.abort();
      await round;
    },
    ready: () => ({ ok: true }),
  };
}

class Stopped extends Error {}

async function removeOnce(deps: Deps, signal: AbortSignal): Promise<void> {
  const { removeOver, pause, logger } = deps;
  try {
    const removed = await removeOver({
      most: MOST_STEPS,
      async pause() {
        await pause(PAUSE_MS, signal);
        if (signal.aborted) throw new Stopped();
      },
    });
    if (removed === null || Object.keys(removed.counts).length === 0) return;
    logger.info({ ...removed.counts, hasMore: removed.hasMore }, 'retention step finished');
  } catch (error) {
    if (!(error instanceof Stopped)) logger.warn({ err: error }, 'retention failed');
  }
}
