import { sql } from 'kysely';

import type { MemberKey, PlatformUserId, RoleId } from '../../model.js';
import type { Settlement } from '../../reconcile/write/records.js';
import type { Db } from '../entities/entities.js';
import type { EnqueueEvent } from '../outbox/outbox.js';
import { type Time, toDate } from '../read/page.js';

/**
 * Saves what a run means for the changes that others made against the connector: deletes those that
 * are over, and sets the next try of disputed ones. Keeps a change that is newer than the run's
 * facts. Publishes each dispute once: `tries` is 0 until then.
 */
export async function settleHands(
  db: Db,
  member: MemberKey,
  { hands }: Pick<Settlement, 'hands'>,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (hands === undefined) return;
  const { clientId, discordUserId } = member;
  const { over, tried, knownAtMs } = hands;
  const { rows } = await sql<Dispute>`
    with over as (
      delete from hand_change where client_id = ${clientId} and discord_user_id = ${discordUserId}
        and role_id = any(${over}::text[]) and changed_at <= to_timestamp(${knownAtMs}::float8 / 1000)
    ), known as materialized (
      select h.role_id, h.tries = 0 as is_new,
        clock_timestamp() + make_interval(secs => t.wait_ms / 1000) as tried_next
      from hand_change h
      left join unnest(${tried.map(({ roleId }) => roleId)}::text[], ${tried.map(({ waitMs }) => waitMs)}::float8[]) as t (role_id, wait_ms)
        on t.role_id = h.role_id and h.changed_at <= to_timestamp(${knownAtMs}::float8 / 1000)
      where h.client_id = ${clientId} and h.discord_user_id = ${discordUserId} and h.disputed_since is not null
        and h.role_id <> all(${over}::text[]) and (h.tries = 0 or t.role_id is not null)
      for update of h
    ), changed as (
      update hand_change h set tries = greatest(h.tries, 1), next_try_at = coalesce(k.tried_next, h.next_try_at)
      from known k where h.client_id = ${clientId} and h.discord_user_id = ${discordUserId} and h.role_id = k.role_id
      returning h.role_id, h.by_discord_user_id, h.by_name, h.disputed_since, k.is_new
    )
    select d.role_id as "roleId", coalesce(d.by_name || ' (' || d.by_discord_user_id || ')', d.by_discord_user_id) as by,
      d.disputed_since as since, l.platform_user_id as "platformUserId", c.guild_id as "guildId"
    from changed d join client c on c.id = ${clientId}
    join lateral (select platform_user_id from link where client_id = ${clientId} and discord_user_id = ${discordUserId}
      order by status = 'ACTIVE' desc limit 1) l on true
    where d.is_new order by d.role_id`.execute(db);
  for (const { platformUserId, since, ...dispute } of rows)
    await enqueueEvent(db, {
      type: 'discord.member.disputed.v1',
      key: platformUserId,
      data: {
        ...member,
        platformUserId,
        kind: 'REVERSALS',
        since: toDate(since).toISOString(),
        ...dispute,
      },
    });
}

interface Dispute {
  readonly roleId: RoleId;
  readonly by: string | null;
  readonly since: Time;
  readonly platformUserId: PlatformUserId;
  readonly guildId: string;
}
