import { sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { columns, type RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import type { ClientId, LinkId } from '../../model.js';
import { deletedOf, forgetAgain, forgetUnlinked } from '../erasure/forget-people.js';
import { rememberDeparted } from '../links/departed.js';

/**
 * Deletes the given ending links, then retired mappings whose role no linked member holds, then the
 * client if it is being deleted and has no links left.
 */
export async function endDrained(
  db: Db,
  clientId: ClientId,
  endedLinkIds: readonly LinkId[],
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (endedLinkIds.length > 0) await endLinks(db, endedLinkIds, enqueueEvent);
  // Two concurrent runs do not see each other's uncommitted changes. Without this lock, if the two
  // runs remove a retired mapping's role from its last two holders, neither would delete the
  // mapping. The second run to get the lock sees both changes.
  await sql`select pg_advisory_xact_lock(hashtextextended('drained ' || ${clientId}, 0))`.execute(
    db,
  );
  await sql`
    delete from role_mapping m where m.client_id = ${clientId} and m.retired_at is not null and not exists (
      select from link l
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = m.client_id and (a.read_at is null or (m.role_id = any(a.role_ids) and not a.is_bot)
        or (m.role_id = any(a.left_role_ids) and a.absent_since > clock_timestamp() - interval '1 minute')))`.execute(
    db,
  );
  await sql`
    delete from client c where c.id = ${clientId} and c.ending_at is not null
      and not exists (select from link l where l.client_id = c.id)`.execute(db);
}

async function endLinks(
  db: Db,
  linkIds: readonly LinkId[],
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  await rememberDeparted(db, linkIds);
  const { rows } = await sql<Ended>`
    delete from link l using client c
    where l.id = any(${linkIds}::uuid[]) and l.status = 'ENDING' and c.id = l.client_id
    returning ${columns<'link'>(['id', 'clientId', 'discordUserId', 'platformUserId'], 'l')}, c.guild_id as "guildId"`.execute(
    db,
  );
  const areUnlinked = sql`where (d.client_id, d.discord_user_id) in (
      select * from unnest(${rows.map((row) => row.clientId)}::uuid[], ${rows.map((row) => row.discordUserId)}::text[]))
      and not exists (select from link l where l.client_id = d.client_id and l.discord_user_id = d.discord_user_id)`;
  await sql`
    with hands as (delete from hand_change d ${areUnlinked})
    delete from removal_decision d ${areUnlinked}`.execute(db);
  await forgetUnlinked(db, rows);
  const people = rows.map((row) => row.platformUserId);
  await forgetAgain(db, await deletedOf(db, people));
  for (const { id, ...row } of rows) {
    await enqueueEvent(db, {
      type: 'discord.user.unlinked.v1',
      key: row.platformUserId,
      data: { ...row, linkId: id },
    });
  }
}

type Ended = RawRow<'link', 'id' | 'clientId' | 'discordUserId' | 'platformUserId'> &
  RawRow<'client', 'guildId'>;
