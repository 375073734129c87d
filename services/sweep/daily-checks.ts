import { Cron } from 'croner';

import { DatabaseUnavailableError } from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';

/** How often to look for due checks, besides once at the start. */
const EVERY_TEN_MINUTES = '*/10 * * * *';

/** Maximum number of clients checked per look; the rest wait for the next one. */
const MOST_IN_A_ROW = 20;

/** Delay before retrying after a database error. */
const RETRY_MS = 2_000;

interface Deps {
  /** Claims clients whose check is due. Only one process claims each of them. */
  readonly claimDueChecks: (request: {
    readonly limit: number;
    readonly except: readonly ClientId[];
  }) => Promise<readonly ClientId[]>;
  readonly checkClient: (clientId: ClientId) => Promise<unknown>;
  readonly logger: Logger;
}

/** Checks every client once a day. A failed check is logged and retried ten minutes later. */
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
 * Checks clients one at a time, so that a process that dies leaves at most one claim behind.
 * Returns true if a database error stopped it early.
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
