import { sql } from 'kysely';

import type { HandEntry, HandName, LiveMemory } from '../../discord/gateway/ports.js';
import { type ClientId, LANES, type MemberKey } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { Db } from '../entities/entities.js';
import { markEach } from '../jobs/mark.js';
import { completeCauses } from './complete-causes.js';
import { handCause } from './hand-cause.js';
import { counted, saveCounted, staysRemoved } from './hand-changes.js';
import { entryTime, isRecent } from './hand-entries.js';

type NamedEntry = HandEntry & { readonly by: HandName | null };

/**
 * Records who gave or took mapped roles. An entry may arrive before or after the event that shows
 * its change, and comes again when Discord has said the author's name. If a bot took a role, the
 * removal is no longer held and the member is marked. Ignores entries that are older than a minute
 * or than the one already stored.
 */
export function createNoteHands({
  database,
}: {
  readonly database: Database;
}): LiveMemory['noteHands'] {
  return async (clientId, hands) => {
    if (hands.length === 0) return;
    await database.transaction(async ({ sql: db }) => {
      await completeCauses(db, clientId, hands);
      await noteRoles(db, clientId, hands);
    });
  };
}

async function noteRoles(db: Db, clientId: ClientId, hands: readonly NamedEntry[]): Promise<void> {
  const rows = newestOf(hands);
  if (rows.length === 0) return;
  const { rows: released } = await sql<ReleasedRole>`
    with entry as (
      select e.*, c.id as client_id, not e.is_given and e.is_bot is not true and ${staysRemoved(sql`e.role_id`)} as is_to_hold
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as e (discord_user_id text, role_id text, is_given boolean, entry_id text,
        by_discord_user_id text, by_name text, is_bot boolean)
      join client c on c.id = ${clientId}
      where (e.by_discord_user_id = c.bot_user_id) is not true and ${isRecent(sql`e.entry_id`)}
        and exists (select from link l where l.client_id = c.id and l.discord_user_id = e.discord_user_id)
        and exists (select from role_mapping m where m.client_id = c.id and m.role_id = e.role_id)
    ), stored as materialized (
      select h.*, h.is_given = e.is_given as is_same, ${entryTime(sql`e.entry_id`)} - h.changed_at as later,
        h.entry_id::numeric > e.entry_id::numeric as is_newer
      from entry e
      join hand_change h on h.client_id = e.client_id and h.discord_user_id = e.discord_user_id and h.role_id = e.role_id
      order by h.discord_user_id, h.role_id for update of h
    ), known as (
      select s.*, s.later <= interval ${BETWEEN_EVENT_AND_ENTRY} as is_noted from stored s where s.is_same
    ), changed as (
      select e.client_id, e.discord_user_id, e.role_id, e.is_given, e.by_discord_user_id, e.entry_id, ${counted(0)},
        coalesce(e.by_name, case when k.by_discord_user_id = e.by_discord_user_id then k.by_name end) as by_name,
        case when k.is_noted then k.is_held and e.is_bot is not true
          else e.is_to_hold and exists (select from member m where m.client_id = e.client_id
            and m.discord_user_id = e.discord_user_id and e.role_id = any(m.role_ids)) end as is_held,
        coalesce(k.is_noted and k.is_held and e.is_bot, false) as is_released
      from entry e
      left join stored s using (client_id, discord_user_id, role_id)
      left join known k using (client_id, discord_user_id, role_id)
      where s.role_id is null or (s.is_newer is not true and (s.is_same or s.later > interval '0'))
    ), saved as (${saveCounted})
    select n.discord_user_id as "discordUserId", n.entry_id as "entryId", n.by_discord_user_id as "byDiscordUserId", n.by_name as "byName"
    from changed n where n.is_released`.execute(db);
  const byMember = Map.groupBy(released, ({ discordUserId }) => discordUserId);
  await markEach(
    db,
    [...byMember].map(([discordUserId, each]) => ({
      clientId,
      discordUserId,
      lane: LANES.fresh,
      causes: each.map(handCause),
    })),
  );
}

/**
 * An entry whose time is later than the stored change by more than this belongs to a newer change
 * in the same direction, whose event was not believed or has not arrived yet.
 */
const BETWEEN_EVENT_AND_ENTRY = sql.lit('5 seconds');

type ReleasedRole = Pick<MemberKey, 'discordUserId'> & Parameters<typeof handCause>[0];

/** One row per member and role: the newest entry. */
function newestOf(hands: readonly NamedEntry[]) {
  const inOrder = hands.toSorted((a, b) => (BigInt(a.entryId) < BigInt(b.entryId) ? -1 : 1));
  const rows = inOrder.flatMap(({ discordUserId, entryId, byDiscordUserId, by, ...roles }) => {
    const of = (role_id: string, is_given: boolean) => ({
      discord_user_id: discordUserId,
      role_id,
      is_given,
      entry_id: entryId,
      by_discord_user_id: byDiscordUserId,
      by_name: by?.name ?? null,
      is_bot: by?.isBot ?? null,
    });
    return [
      ...roles.added.map((roleId) => of(roleId, true)),
      ...roles.removed.map((roleId) => of(roleId, false)),
    ];
  });
  return [...new Map(rows.map((row) => [`${row.discord_user_id} ${row.role_id}`, row])).values()];
}
