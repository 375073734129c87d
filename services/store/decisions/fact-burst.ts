import { sql, type RawBuilder } from 'kysely';

import type { Known } from '../facts/known.js';
import type { Folded, MemberMark } from '../facts/touched.js';

/**
 * Members who may lose a role because of a batch of facts, as a query for `holdBurst`; null: none.
 * Most batches only add memberships and cost nothing here.
 */
export function membersOfFacts(
  known: Known,
  { deletedUsers, groupMarks }: Folded,
  marks: readonly MemberMark[],
): RawBuilder<unknown> | null {
  const isRemoval = ({ platformUserId, groupId }: MemberMark) =>
    groupId === null || known.users.get(platformUserId)?.memberships.get(groupId)?.isHeld !== true;
  const left = marks.filter(isRemoval);
  const deleted = deletedUsers.map((user) => user.platformUserId);
  // Includes groups that were restored: their memberships from before ended all the same.
  const groups = groupMarks.map(({ groupId }) => groupId);
  const parts = [
    ...(left.length === 0 ? [] : [ofMemberships(left)]),
    ...(deleted.length === 0 ? [] : [ofDeleted(deleted)]),
    ...(groups.length === 0 ? [] : [ofGroups(groups)]),
  ];
  return parts.length === 0 ? null : sql.join(parts, sql` union all `);
}

/**
 * Only links of clients that map one of the groups: their members are marked, so this transaction
 * holds their jobs.
 */
const ofMemberships = (marks: readonly MemberMark[]) => sql`
  select l.client_id, l.discord_user_id, 'MEMBERSHIP' as cause
  from unnest(${marks.map(({ platformUserId }) => platformUserId)}::text[], ${marks.map(({ groupId }) => groupId)}::text[])
    as k (platform_user_id, group_id)
  join link l on l.platform_user_id = k.platform_user_id
  where k.group_id is null or exists (
    select from role_mapping p where p.client_id = l.client_id and p.group_id = k.group_id)`;

const ofDeleted = (platformUserIds: readonly string[]) => sql`
  select l.client_id, l.discord_user_id, 'USER_DELETED' as cause from link l
  where l.platform_user_id = any(${platformUserIds}::text[])`;

const ofGroups = (groupIds: readonly string[]) => sql`
  select l.client_id, l.discord_user_id, 'GROUP_DELETED' as cause
  from role_mapping r join link l on l.client_id = r.client_id
  join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
  where r.group_id = any(${groupIds}::text[]) and r.role_id = any(a.role_ids)`;
