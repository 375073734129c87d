import { Cron } from 'croner';

import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';

/** Looked for this often, so that a check which was due while nobody ran is made soon after. */
const EVERY_TEN_MINUTES = '*/10 * * * *';

const MOST_IN_A_ROW = 20;

interface Deps {
  /** Clients whose check is due; each is given to one process. */
  readonly claimDueChecks: (limit: number) => Promise<readonly ClientId[]>;
  readonly checkClient: (clientId: ClientId) => Promise<unknown>;
  readonly logger: Logger;
}

/** Has every client checked once a day. One that cannot be checked is left for the next day, and said. */
export function createDailyChecks(deps: Deps): Part {
  let job: Cron | undefined;
  let round: Promise<void> = Promise.resolve();
  let isStopping = false;
  const look = () => {
    round = checkDue(deps, () => isStopping);
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
      await round;
    },
    ready: () => ({ ok: true }),
  };
}

/** One at a time: what was claimed and not checked before the process ends would wait for a day. */
async function checkDue(
  { claimDueChecks, checkClient, logger }: Deps,
  isStopping: () => boolean,
): Promise<void> {
  for (let checked = 0; checked < MOST_IN_A_ROW; checked += 1) {
    if (isStopping()) return;
    const [clientId] = await claimDueChecks(1).catch((error: unknown) => {
      logger.warn({ err: error }, 'looking for clients to check failed');
      return [];
    });
    if (clientId === undefined) return;
    await checkClient(clientId).catch((error: unknown) =>
      logger.warn({ err: error, clientId }, 'a client could not be checked'),
    );
  }
}
