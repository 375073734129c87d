import { sql } from 'kysely';

import { forgetReadingsOfLinks } from '../remote/save-readings.js';
import { anyOf } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import { LANES, type Cause, type LinkId } from '../../model.js';
import type { Folded } from '../facts/touched.js';
import { forgetDecisionsOfLinks } from '../decisions/forget.js';
import { markLinks } from '../jobs/mark.js';

interface LinkRemoval {
  readonly linkIds: readonly LinkId[];
  readonly cause: Cause;
  /** True: a person ended this very link. False: it may be one of many that end together. */
  readonly isAskedFor: boolean;
}

/**
 * Sets active links to ENDING and marks their members. An ending link is deleted only once its
 * roles have been removed at Discord.
 */
export async function endLinks(db: Db, { linkIds, cause, isAskedFor }: LinkRemoval): Promise<void> {
  await db
    .updateTable('link')
    .set({ status: 'ENDING', endingAt: sql`now()`, isEndAskedFor: isAskedFor })
    .where('id', '=', anyOf(linkIds))
    .where('status', '=', 'ACTIVE')
    .execute();
  // Locks the job before the grant, in the same order as the settling of a run, so that the two
  // cannot deadlock.
  await markLinks(db, linkIds, cause, LANES.fresh);
  await forgetDecisionsOfLinks(db, linkIds);
  await forgetReadingsOfLinks(db, linkIds);
  await giveUpGrants(db, linkIds);
}

/**
 * Deletes the grants of ending links, so that their accounts are not added to the guild and the
 * tokens are revoked. Keeps the grant of an account that also has an active link.
 */
async function giveUpGrants(db: Db, linkIds: readonly LinkId[]): Promise<void> {
  await sql`
    delete from discord_grant g using link l
    where l.id = any(${linkIds}::uuid[]) and g.client_id = l.client_id and g.discord_user_id = l.discord_user_id
      and not exists (
        select from link a where a.client_id = g.client_id and a.discord_user_id = g.discord_user_id and a.status = 'ACTIVE')`.execute(
    db,
  );
}

/** Ends the links of deleted platform users at every client. */
export async function endLinksOfDeletedUsers(
  db: Db,
  deletedUsers: Folded['deletedUsers'],
): Promise<void> {
  for (const { platformUserId, cause } of deletedUsers) {
    const rows = await db
      .selectFrom('link')
      .select('id')
      .where('platformUserId', '=', platformUserId)
      .orderBy('id')
      .forUpdate()
      .execute();
    const linkIds = rows.map((row) => row.id);
    if (linkIds.length > 0) await endLinks(db, { linkIds, cause, isAskedFor: false });
  }
}
