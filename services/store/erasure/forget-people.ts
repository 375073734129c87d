import { sql } from 'kysely';

import { anyOf } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import type { MemberKey, PlatformUserId } from '../../model.js';
import { forgetAuthors } from './forget-authors.js';

/** Replaces a person's name, so that a record still shows that a name was set. */
const FORGOTTEN = '(deleted)';

/**
 * Removes the names of deleted users from all tables; ids and roles stay for the audit. Mark the
 * users' links first: this also deletes the reasons stored for their members, and the next run
 * stores a new reason.
 */
export async function forgetPeople(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  if (ids.length === 0) return;
  await forgetOutsideMirror(db, ids);
  await forgetAuthors(db, ids);
  await forgetInMirror(db, ids);
}

/**
 * Removes names that runs stored after a user's deletion. Call it when the user's link ends. Leaves
 * the mirror unchanged, because it holds the reasons why the user's other accounts are parked.
 */
export async function forgetAgain(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  if (ids.length > 0) await forgetOutsideMirror(db, ids);
}

async function forgetOutsideMirror(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  await sql`delete from link_ticket where platform_user_id = any(${ids}::text[])`.execute(db);
  // Keeps memberships while a link exists, because the guard reads them and takes a platform with
  // no known membership for a failed source. Late facts are still recognised after the deletion, by
  // the `platform_user` row.
  await sql`
    delete from membership m where m.platform_user_id = any(${ids}::text[])
      and not exists (select from link l where l.platform_user_id = m.platform_user_id)`.execute(
    db,
  );
  await sql`
    update outbox set data = jsonb_set(data, '{nickname}', 'null')
    where key = any(${ids}::text[]) and data ->> 'nickname' is not null`.execute(db);
  await forgetInRecords(db, ids);
  await forgetInPlans(db, ids);
}

/**
 * Skips open records, because their runs still need them. Each is closed before its link is
 * deleted.
 */
async function forgetInRecords(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  await sql`
    update audit_record set
      nickname = case when nickname is not null then ${FORGOTTEN} end,
      planned_nickname = case when planned_nickname is not null then ${FORGOTTEN} end,
      reason = case when reason ilike '%nickname%' then ${`about the nickname: ${FORGOTTEN}`} else reason end
    where platform_user_id = any(${ids}::text[]) and closed_at is not null
      and (nickname is not null or planned_nickname is not null or reason ilike '%nickname%')`.execute(
    db,
  );
}

async function forgetInPlans(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  for (const id of ids)
    await sql`
      update sweep s set plan = jsonb_set(s.plan, '{members}', (
        select jsonb_agg(case when m.member ->> 'platformUserId' = ${id} then m.member || ${NAMELESS}::jsonb else m.member end
          order by m.place)
        from jsonb_array_elements(s.plan -> 'members') with ordinality as m (member, place)))
      where s.plan is not null and jsonb_path_query_array(s.plan, '$.members[*].platformUserId') @> ${JSON.stringify([id])}::jsonb`.execute(
      db,
    );
}

const NAMELESS = JSON.stringify({ nickname: null, reason: FORGOTTEN });

/**
 * Skips accounts that are now linked to another person. Keeps the nickname's hash until the link
 * has ended, because resetting the nickname needs it.
 */
async function forgetInMirror(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  await sql`
    update member m set ${NO_NAMES}
    from link l
    where l.platform_user_id = any(${ids}::text[]) and m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
      and not exists (
        select from link a where a.client_id = l.client_id and a.discord_user_id = l.discord_user_id and a.status = 'ACTIVE')`.execute(
    db,
  );
}

const NO_NAMES = sql`username = null, display_name = null, nickname = null, nickname_refused = null, reason = null`;

/** Removes the names of these accounts, unless they are still linked. */
export async function forgetUnlinked(db: Db, members: readonly MemberKey[]): Promise<void> {
  await sql`
    update member m set ${NO_NAMES}, nickname_set_hash = null
    from unnest(${members.map((member) => member.clientId)}::uuid[],
      ${members.map((member) => member.discordUserId)}::text[]) as gone (client_id, discord_user_id)
    where m.client_id = gone.client_id and m.discord_user_id = gone.discord_user_id
      and not exists (
        select from link l where l.client_id = m.client_id and l.discord_user_id = m.discord_user_id)`.execute(
    db,
  );
}

/** Returns the users among `ids` that are deleted. */
export async function deletedOf(
  db: Db,
  ids: readonly PlatformUserId[],
): Promise<readonly PlatformUserId[]> {
  const rows = await db
    .selectFrom('platform_user')
    .select('id')
    .where('id', '=', anyOf(ids))
    .where('deletedAt', 'is not', null)
    .execute();
  return rows.map((row) => row.id);
}
