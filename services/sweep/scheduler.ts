import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId, SweepKind } from '../model.js';

/** A sweep begins at most this late. */
const POLL_MS = 15_000;
/** After a fault of the database. */
const RETRY_MS = 1_000;

interface Deps {
  /** Gives the defaults to clients that have no schedule yet. */
  readonly addMissing: () => Promise<void>;
  /** Due schedules. Each is claimed by one process, which has created its sweep by then. */
  readonly claimDue: () => Promise<
    readonly {
      readonly clientId: ClientId;
      readonly kind: SweepKind;
      readonly skipped: string | null;
    }[]
  >;
  /** Calls back when a schedule was changed. Resolves with how to stop listening. */
  readonly onSchedule: (wake: () => void) => Promise<() => Promise<void>>;
  readonly logger: Logger;
}

/**
 * Looks for schedules that are due. All that is known of them is in the store, so any number of
 * processes may look.
 */
export function createScheduler(deps: Deps): Part {
  let isStopping = false;
  let isQueued = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let unlisten: () => Promise<void> = () => Promise.resolve();

  function wake(): void {
    if (isQueued || isStopping) return;
    isQueued = true;
    round = round.then(async () => {
      isQueued = false;
      if (!(await look(deps))) retry = setTimeout(wake, RETRY_MS);
    });
  }

  return {
    name: 'schedules',
    async start() {
      unlisten = await deps.onSchedule(wake);
      timer = setInterval(wake, POLL_MS);
      wake();
    },
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await unlisten();
      await round;
      clearTimeout(retry);
    },
    ready: () => ({ ok: true }),
  };
}

/** False: it failed. */
async function look({ addMissing, claimDue, logger }: Deps): Promise<boolean> {
  try {
    await addMissing();
    for (const { clientId, kind, skipped } of await claimDue())
      if (skipped !== null) logger.info({ clientId, kind, reason: skipped }, 'sweep skipped');
    return true;
  } catch (error) {
    logger.warn({ err: error }, 'due-sweep lookup failed');
    return false;
  }
}
