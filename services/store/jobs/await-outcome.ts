import { setTimeout as sleep } from 'node:timers/promises';

import { LANES, type Cause, type LinkId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { findLink } from '../links/links.js';
import { markLinks } from './mark.js';

const LOOK_EVERY_MS = 50;

/**
 * Marks a link's member and waits up to `waitMs` for a run that includes this mark. Returns PENDING
 * if no such run has been settled by then.
 */
export function createReconcileMember(deps: { database: Database }) {
  return async (request: {
    id: LinkId;
    cause: Cause;
    waitMs: number;
  }): Promise<'DONE' | 'PENDING'> => {
    const { database } = deps;
    const { link, version } = await database.transaction(async (tx) => {
      const found = await findLink(tx, request.id);
      await markLinks(tx.sql, [request.id], { ...request.cause, isAskedFor: true }, LANES.fresh);
      const job = await tx.sql
        .selectFrom('reconcile_job')
        .select('version')
        .where('clientId', '=', found.clientId)
        .where('discordUserId', '=', found.discordUserId)
        .executeTakeFirst();
      return { link: found, version: job?.version ?? 0 };
    });
    const untilMs = performance.now() + request.waitMs;
    while (performance.now() < untilMs) {
      const done = await database
        .sql()
        .selectFrom('member')
        .select('doneVersion')
        .where('clientId', '=', link.clientId)
        .where('discordUserId', '=', link.discordUserId)
        .executeTakeFirst();
      if (done !== undefined && done.doneVersion >= version) return 'DONE';
      await sleep(LOOK_EVERY_MS);
    }
    return 'PENDING';
  };
}
