import { sql } from 'kysely';

import { LANES, type MemberKey } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { markEach } from '../jobs/mark.js';
import { newBanEvents } from '../outbox/ban-events.js';
import type { EnqueueEvents } from '../outbox/outbox.js';
import { handCause } from './hand-cause.js';

export interface Ban extends MemberKey {
  readonly isBanned: boolean;
}

/**
 * Saves bans and unbans of linked accounts, and publishes the bans. After an unban, marks people who
 * agreed to be added to the guild.
 */
export async function saveBans(
  db: Db,
  bans: readonly Ban[],
  enqueueEvents: EnqueueEvents,
): Promise<readonly MemberKey[]> {
  if (bans.length === 0) return [];
  const banned = bans.filter(({ isBanned }) => isBanned);
  await enqueueEvents(db, await newBanEvents(db, banned));
  await sql`
    insert into member (client_id, discord_user_id, join_refusal)
    select k.client_id, k.id, 'BANNED' from (${keys(banned)}) k
    where exists (select from link l where l.client_id = k.client_id and l.discord_user_id = k.id)
    order by k.client_id, k.id
    on conflict (client_id, discord_user_id) do update set join_refusal = excluded.join_refusal
    where member.join_refusal is distinct from excluded.join_refusal`.execute(db);
  const { rows } = await sql<MemberKey>`
    with free as (
      update member m set join_refusal = null from (${keys(bans.filter(({ isBanned }) => !isBanned))}) k
      where m.client_id = k.client_id and m.discord_user_id = k.id and m.join_refusal = 'BANNED'
      returning m.client_id, m.discord_user_id
    )
    select f.client_id as "clientId", f.discord_user_id as "discordUserId" from free f
    join discord_grant g on g.client_id = f.client_id and g.discord_user_id = f.discord_user_id and g.is_join_wanted
    order by 1, 2`.execute(db);
  const cause = handCause({ entryId: 'GUILD_BAN_REMOVE', byDiscordUserId: null, byName: null });
  await markEach(
    db,
    rows.map((member) => ({ ...member, lane: LANES.fresh, causes: [cause] })),
  );
  return rows;
}

const keys = (members: readonly MemberKey[]) => sql`
  select * from unnest(${members.map((member) => member.clientId)}::uuid[], ${members.map((member) => member.discordUserId)}::text[])
    as k (client_id, id)`;
