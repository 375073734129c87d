import { sql, type Kysely } from 'kysely';

import type { MemberKey, MemberReading, PlatformUserId } from '../../model.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';

/** Puts what Discord answered into the mirror, and tells when a linked member has left or come back. */
export async function saveReading(
  db: Kysely<unknown>,
  member: MemberKey,
  reading: MemberReading,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const wasPresent = await readPresence(db, member);
  await (reading.isPresent
    ? savePresent(db, member, reading)
    : saveAbsent(db, member));
  if (wasPresent === null || wasPresent === reading.isPresent) return;
  const { rows } = await sql<{
    platform_user_id: PlatformUserId;
    guild_id: string;
  }>`
    select l.platform_user_id, c.guild_id from link l join client c on c.id = l.client_id
    where l.client_id = ${member.clientId} and l.discord_user_id = ${member.discordUserId}
      and l.status = 'ACTIVE'`.execute(db);
  for (const row of rows) {
    await enqueueEvent(db, {
      type: reading.isPresent
        ? 'discord.member.returned.v1'
        : 'discord.member.left.v1',
      key: row.platform_user_id,
      data: {
        ...keyOf(member),
        guildId: row.guild_id,
        platformUserId: row.platform_user_id,
      },
    });
  }
}

function keyOf({ clientId, discordUserId }: MemberKey): MemberKey {
  return { clientId, discordUserId };
}

async function readPresence(
  db: Kysely<unknown>,
  member: MemberKey,
): Promise<boolean | null> {
  const { rows } = await sql<{ is_present: boolean }>`
    select is_present from member
    where client_id = ${member.clientId} and discord_user_id = ${member.discordUserId}
      and read_at is not null`.execute(db);
  return rows[0]?.is_present ?? null;
}

async function savePresent(
  db: Kysely<unknown>,
  member: MemberKey,
  reading: Extract<MemberReading, { isPresent: true }>,
): Promise<void> {
  await sql`
    insert into member (client_id, discord_user_id, read_at, is_present, role_ids, username, display_name, nickname,
      is_pending, timed_out_until)
    values (${member.clientId}, ${member.discordUserId}, clock_timestamp(), true, ${reading.roleIds}::text[],
      ${reading.username}, ${reading.displayName}, ${reading.nickname}, ${reading.isPending},
      ${reading.timedOutUntil?.toISOString() ?? null}::timestamptz)
    on conflict (client_id, discord_user_id) do update set
      read_at = excluded.read_at, is_present = true, role_ids = excluded.role_ids, username = excluded.username,
      display_name = excluded.display_name, nickname = excluded.nickname, is_pending = excluded.is_pending,
      timed_out_until = excluded.timed_out_until`.execute(db);
}

/** Discord takes every role from who leaves. The names stay as they were last seen. */
async function saveAbsent(
  db: Kysely<unknown>,
  member: MemberKey,
): Promise<void> {
  await sql`
    insert into member (client_id, discord_user_id, read_at, is_present)
    values (${member.clientId}, ${member.discordUserId}, clock_timestamp(), false)
    on conflict (client_id, discord_user_id) do update set
      read_at = excluded.read_at, is_present = false, role_ids = '{}', is_pending = false,
      timed_out_until = null`.execute(db);
}
