import { type RawBuilder, sql } from 'kysely';

import type { HandEntry, HandName } from '../../discord/gateway/ports.js';
import type { Cause, ClientId, MemberKey, RoleChanges } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { authorName, UNKNOWN_AUTHOR } from './hand-cause.js';
import { isRecent } from './hand-entries.js';

/** A cause made by an event whose audit log entry was not known yet. */
const UNATTRIBUTED = {
  kind: 'DISCORD',
  id: 'GUILD_MEMBER_UPDATE',
  actor: UNKNOWN_AUTHOR,
} as const satisfies Cause;

const isUnattributed = (causes: RawBuilder<unknown>) =>
  sql`${causes} @> ${JSON.stringify([UNATTRIBUTED])}::jsonb`;

/** A cause that names the author of `h` by id alone: Discord had not said the name yet. */
const UNNAMED = sql`
  jsonb_build_object('kind', 'DISCORD', 'id', h.entry_id, 'actor', h.by_discord_user_id)`;

const isIncomplete = (causes: RawBuilder<unknown>) =>
  sql`(${isUnattributed(causes)} or ${causes} @> jsonb_build_array(${UNNAMED}))`;

/**
 * The `causes` with the author of `h`, which has the columns entry_id, by_discord_user_id, actor and
 * is_about_name. An entry about a nickname explains only causes about names, and one about roles
 * only the others.
 */
const attributed = (causes: RawBuilder<unknown>) => sql`
  (select coalesce(jsonb_agg(case
      when (e.cause @> ${JSON.stringify(UNATTRIBUTED)}::jsonb and (e.cause ? 'isAboutName') = h.is_about_name) or e.cause @> ${UNNAMED}
        then e.cause || jsonb_build_object('id', h.entry_id, 'actor', h.actor)
      else e.cause end order by e.place), '[]')
    from jsonb_array_elements(${causes}) with ordinality as e (cause, place))`;

/**
 * Adds the author to the causes of the members' jobs, and of their records of the last minute that
 * reverse one of the entry's changes.
 */
export async function completeCauses(
  db: Db,
  clientId: ClientId,
  hands: readonly (HandEntry & { readonly by: HandName | null })[],
): Promise<void> {
  const rows = hands.map(({ discordUserId, entryId, byDiscordUserId, by, added, removed }) => ({
    discord_user_id: discordUserId,
    entry_id: entryId,
    by_discord_user_id: byDiscordUserId,
    actor: authorName({ byDiscordUserId, byName: by?.name ?? null }),
    is_about_name: added.length + removed.length === 0,
    added,
    removed,
  }));
  const entries = sql`
    select h.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as h (discord_user_id text, entry_id text, by_discord_user_id text, actor text,
      is_about_name boolean, added text[], removed text[])
    where ${isRecent(sql`h.entry_id`)}`;
  await sql`
    with h as (
      select distinct on (e.discord_user_id, e.is_about_name) e.* from (${entries}) e
      order by e.discord_user_id, e.is_about_name, e.entry_id::numeric desc
    ), waiting as materialized (
      select j.discord_user_id, h.is_about_name from h
      join reconcile_job j on j.client_id = ${clientId} and j.discord_user_id = h.discord_user_id
      where ${isIncomplete(sql`j.causes`)} or ${isIncomplete(sql`j.claimed_causes`)}
      order by j.discord_user_id for update of j
    )
    update reconcile_job j set causes = ${attributed(sql`j.causes`)}, claimed_causes = ${attributed(sql`j.claimed_causes`)}
    from waiting w join h using (discord_user_id, is_about_name)
    where j.client_id = ${clientId} and j.discord_user_id = h.discord_user_id`.execute(db);
  await sql`
    with h as (
      select distinct on (r.id) r.id, h.entry_id, h.by_discord_user_id, h.actor, h.is_about_name from (${entries}) h
      join audit_record r on r.client_id = ${clientId} and r.discord_user_id = h.discord_user_id
      where r.opened_at > clock_timestamp() - interval '1 minute' and ${isIncomplete(sql`r.causes`)}
        and (r.planned_removed && h.added or r.planned_added && h.removed
          or (h.is_about_name and r.planned_nickname is not null))
      order by r.id, h.entry_id::numeric desc
    )
    update audit_record r set causes = ${attributed(sql`r.causes`)} from h where r.id = h.id`.execute(
    db,
  );
}

const isOnlyId = (actor: string) => /^\d+$/.test(actor);

/**
 * The causes of a record about to be opened, completed with what `noteHands` stored after the run
 * had read its job.
 */
export function causesWithAuthors(
  { clientId, discordUserId }: MemberKey,
  causes: readonly Cause[],
  { added, removed }: RoleChanges,
): RawBuilder<unknown> {
  const known = sql`${JSON.stringify(causes)}::jsonb`;
  const isComplete = causes.every(
    ({ kind, actor }) => kind !== 'DISCORD' || (actor !== UNKNOWN_AUTHOR && !isOnlyId(actor)),
  );
  if (isComplete) return known;
  return sql`coalesce((
    select ${attributed(known)} from (
      select c.entry_id, c.by_discord_user_id, false as is_about_name, case when c.by_discord_user_id is null then ${UNKNOWN_AUTHOR}
        else coalesce(c.by_name || ' (' || c.by_discord_user_id || ')', c.by_discord_user_id) end as actor
      from hand_change c
      where c.client_id = ${clientId} and c.discord_user_id = ${discordUserId} and ${isRecent(sql`c.entry_id`)}
        and c.role_id = any(case when c.is_given then ${removed}::text[] else ${added}::text[] end)
      order by c.entry_id::numeric desc limit 1) h), ${known})`;
}
