import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import { LANES, type Cause, type LinkId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { findLink } from '../links/links.js';
import { markLinks } from './mark.js';

const LOOK_EVERY_MS = 50;

/**
 * Marks a member and waits until a run that read the member afterwards is settled; PENDING if that
 * takes longer than `waitMs`.
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
      await markLinks(
        tx.sql,
        [request.id],
        { ...request.cause, isAskedFor: true },
        {
          lane: LANES.fresh,
          windowMs: 0,
        },
      );
      const { rows } = await sql<{ version: string }>`
        select version from reconcile_job
        where client_id = ${found.clientId} and discord_user_id = ${found.discordUserId}`.execute(
        tx.sql,
      );
      return { link: found, version: rows[0]?.version ?? '0' };
    });
    const untilMs = performance.now() + request.waitMs;
    while (performance.now() < untilMs) {
      const { rows } = await sql<{ is_done: boolean }>`
        select done_version >= ${version}::bigint as is_done from member
        where client_id = ${link.clientId} and discord_user_id = ${link.discordUserId}`.execute(
        database.sql(),
      );
      if (rows[0]?.is_done === true) return 'DONE';
      await sleep(LOOK_EVERY_MS);
    }
    return 'PENDING';
  };
}
