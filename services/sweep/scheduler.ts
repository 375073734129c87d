import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId, SweepKind } from '../model.js';

/** How often to look for due sweeps. A due sweep starts at most this late. */
const POLL_MS = 15_000;
/** Delay before retrying after a database error. */
const RETRY_MS = 1_000;

interface Deps {
  /** Adds the default schedules to clients that have none yet. */
  readonly addMissing: () => Promise<void>;
  /** Claims due schedules and creates their sweeps. Only one process claims each of them. */
  readonly claimDue: () => Promise<
    readonly {
      readonly clientId: ClientId;
      readonly kind: SweepKind;
      readonly skipped: string | null;
    }[]
  >;
  /** Calls `wake` when a schedule changes. Resolves to an unsubscribe function. */
  readonly onSchedule: (wake: () => void) => Promise<() => Promise<void>>;
  readonly logger: Logger;
}

/** Starts due sweeps. Its only state is in the database, so any number of processes can run it. */
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

/** Returns false if it failed. */
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
