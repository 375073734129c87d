import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { MemberMark } from './touched.js';

/**
 * Facts that repeat the recorded state but still matter: they answer an open request to the
 * platform, or concern a removal that a person rejected. The others affect no member.
 */
export async function answersAmong(
  db: Db,
  repeated: readonly MemberMark[],
): Promise<readonly MemberMark[]> {
  if (repeated.length === 0) return [];
  const { rows } = await sql<{ place: number }>`
    select m.place::int as place
    from unnest(${repeated.map((mark) => mark.platformUserId)}::text[], ${repeated.map((mark) => mark.groupId)}::text[])
      with ordinality as m (platform_user_id, group_id, place)
    where exists (
      select from link l
      join role_mapping p on p.client_id = l.client_id and p.group_id = m.group_id
      where l.platform_user_id = m.platform_user_id and (
        exists (
          select from removal_decision d
          where d.client_id = l.client_id and d.discord_user_id = l.discord_user_id and d.role_id = p.role_id
            and d.verdict = 'REJECTED')
        or exists (
          select from remote_membership b
          where b.link_id = l.id and b.mapping_id = p.id and b.request_state = 'OPEN')))`.execute(
    db,
  );
  return rows.flatMap(({ place }) => repeated[place - 1] ?? []);
}
