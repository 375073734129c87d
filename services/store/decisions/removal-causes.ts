import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { Cause, ClientId, DiscordUserId, GroupId } from '../../model.js';
import { nameGroups } from '../names.js';
import type { Removal } from '../path/guard-tally.js';

/** Describes why a marked member is to lose a role, from the causes of the mark. */
export async function readCauses(
  db: Db,
  clientId: ClientId,
  removals: readonly Removal[],
): Promise<(removal: Pick<Removal, 'discordUserId'>) => string> {
  const accounts = removals.map(({ discordUserId }) => discordUserId);
  const { rows } = await sql<{
    discord_user_id: DiscordUserId;
    causes: readonly Cause[];
  }>`
    select discord_user_id, causes from reconcile_job
    where client_id = ${clientId} and discord_user_id = any(${accounts}::text[])`.execute(db);
  const causes = new Map(rows.map((row) => [row.discord_user_id, row.causes] as const));
  const groups = await nameGroups(db, groupsAmong([...causes.values()].flat()));
  return ({ discordUserId }) => explainRemoval(causes.get(discordUserId) ?? [], groups);
}

export const groupsAmong = (causes: readonly Cause[]): readonly GroupId[] => [
  ...new Set(causes.flatMap(({ groupId }) => groupId ?? [])),
];

/** Uses the newest cause that names a group, else the newest. */
export function explainRemoval(
  causes: readonly Cause[],
  nameGroup: (id: GroupId) => string,
): string {
  const why = 'no group grants it any more';
  const cause = causes.findLast((each) => each.groupId !== undefined) ?? causes.at(-1);
  if (cause === undefined) return why;
  const { kind, id, actor, groupId } = cause;
  const group = groupId === undefined ? '' : `, ${nameGroup(groupId)}`;
  return `${why} (${kind.toLowerCase()} ${id} of ${actor}${group})`;
}
