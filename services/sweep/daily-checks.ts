import { Cron } from 'croner';

import { DatabaseUnavailableError } from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';

/** Short enough that a check which came due while no process ran is made soon after a start. */
const EVERY_TEN_MINUTES = '*/10 * * * *';

const MOST_IN_A_ROW = 20;

/** After a fault of the database. */
const RETRY_MS = 2_000;

interface Deps {
  /** Clients whose check is due; each is claimed by one process. */
  readonly claimDueChecks: (request: {
    readonly limit: number;
    readonly except: readonly ClientId[];
  }) => Promise<readonly ClientId[]>;
  readonly checkClient: (clientId: ClientId) => Promise<unknown>;
  readonly logger: Logger;
}

/**
 * Has every client checked once a day. One that cannot be checked is logged, and tried again ten
 * minutes later.
 */
export function createDailyChecks(deps: Deps): Part {
  let job: Cron | undefined;
  let round: Promise<void> | null = null;
  let retry: NodeJS.Timeout | undefined;
  let isStopping = false;
  const look = async () => {
    clearTimeout(retry);
    round ??= checkDue(deps, () => isStopping).then((isBrokenOff) => {
      round = null;
      if (isBrokenOff && !isStopping) retry = setTimeout(() => void look(), RETRY_MS);
    });
    return round;
  };
  return {
    name: 'daily checks',
    async start() {
      job = new Cron(EVERY_TEN_MINUTES, { protect: true, unref: true }, look);
      void look();
    },
    async stop() {
      isStopping = true;
      job?.stop();
      clearTimeout(retry);
      await round;
    },
    ready: () => ({ ok: true }),
  };
}

/**
 * One at a time, so that a process that ends leaves one claim at most. True: the database broke it
 * off.
 */
async function checkDue(
  { claimDueChecks, checkClient, logger }: Deps,
  isStopping: () => boolean,
): Promise<boolean> {
  const tried: ClientId[] = [];
  while (tried.length < MOST_IN_A_ROW && !isStopping()) {
    let clientId: ClientId | undefined;
    try {
      [clientId] = await claimDueChecks({ limit: 1, except: tried });
      if (clientId === undefined) return false;
      tried.push(clientId);
      await checkClient(clientId);
    } catch (err) {
      logger.warn({ err, clientId }, 'daily check failed');
      if (clientId === undefined || err instanceof DatabaseUnavailableError) return true;
    }
  }
  return false;
}
