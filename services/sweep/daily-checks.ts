import { Cron } from 'croner';

import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';

/** Looked for this often, so that a check which was due while nobody ran is made soon after. */
const EVERY_TEN_MINUTES = '*/10 * * * *';

const AT_ONCE = 20;

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
  return {
    name: 'daily checks',
    async start() {
      job = new Cron(EVERY_TEN_MINUTES, { protect: true, unref: true }, () => {
        round = checkDue(deps);
        return round;
      });
      round = checkDue(deps);
    },
    async stop() {
      job?.stop();
      await round;
    },
    ready: () => ({ ok: true }),
  };
}

async function checkDue(deps: Deps): Promise<void> {
  const { claimDueChecks, checkClient, logger } = deps;
  const clientIds = await claimDueChecks(AT_ONCE).catch((error: unknown) => {
    logger.warn({ err: error }, 'looking for clients to check failed');
    return [];
  });
  for (const clientId of clientIds)
    await checkClient(clientId).catch((error: unknown) =>
      logger.warn({ err: error, clientId }, 'a client could not be checked'),
    );
}
