import { type RawBuilder, sql } from 'kysely';

import type { PlatformUserId } from '../../model.js';
import type { Db } from '../entities/entities.js';

/** Replaces the name of a deleted person who changed roles on Discord; the id stays. */
const FORGOTTEN = sql.lit('(deleted)');

/**
 * Removes the names that deleted users had on Discord when they changed other members' roles by
 * hand. Call it while the users are linked, because a link names their accounts.
 */
export async function forgetAuthors(db: Db, ids: readonly PlatformUserId[]): Promise<void> {
  const { rows } = await sql<{ clientIds: readonly string[]; accounts: readonly string[] }>`
    select array_agg(distinct client_id::text) as "clientIds", array_agg(distinct discord_user_id) as accounts
    from link where platform_user_id = any(${ids}::text[]) having count(*) > 0`.execute(db);
  const [found] = rows;
  if (found === undefined) return;
  const { accounts } = found;
  await sql`
    update reconcile_job j set causes = ${nameless(sql`j.causes`, accounts)}, claimed_causes = ${nameless(sql`j.claimed_causes`, accounts)}
    where j.client_id = any(${found.clientIds}::uuid[])
      and (cause_authors(j.causes) && ${accounts}::text[] or cause_authors(j.claimed_causes) && ${accounts}::text[])`.execute(
    db,
  );
  await sql`
    update member m set reason = replace(m.reason, h.by_name || ' (' || h.by_discord_user_id || ')',
      ${FORGOTTEN} || ' (' || h.by_discord_user_id || ')')
    from hand_change h
    where h.by_discord_user_id = any(${accounts}::text[]) and h.by_name is not null and m.client_id = h.client_id
      and m.discord_user_id = h.discord_user_id and m.reason is not null`.execute(db);
  await sql`
    update hand_change set by_name = null, by_discord_user_id = null
    where by_discord_user_id = any(${accounts}::text[])`.execute(db);
  await sql`
    update removal_decision set reason = regexp_replace(reason, ' of .* \\((' || array_to_string(${accounts}::text[], '|') || ')\\)',
      ' of ' || ${FORGOTTEN} || ' (\\1)')
    where reason ~ (' \\((' || array_to_string(${accounts}::text[], '|') || ')\\)')`.execute(db);
  await sql`
    update audit_record r set causes = ${nameless(sql`r.causes`, accounts)}
    where r.causes @> '[{"kind": "DISCORD"}]' and cause_authors(r.causes) && ${accounts}::text[]`.execute(
    db,
  );
}

/** The `causes` without the names of these accounts. */
const nameless = (causes: RawBuilder<unknown>, accounts: readonly string[]) => sql`
  (select coalesce(jsonb_agg(case
      when e.cause ->> 'kind' = 'DISCORD' and substring(e.cause ->> 'actor' from '\\((\\d+)\\)$') = any(${accounts}::text[])
        then e.cause || jsonb_build_object('actor', ${FORGOTTEN} || substring(e.cause ->> 'actor' from ' \\(\\d+\\)$'))
      else e.cause end order by e.place), '[]')
    from jsonb_array_elements(${causes}) with ordinality as e (cause, place))`;
