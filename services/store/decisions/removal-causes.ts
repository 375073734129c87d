import { sql, type Kysely } from 'kysely';

import type { Cause, ClientId, DiscordUserId } from '../../model.js';
import type { Removal } from '../path/guard-tally.js';

/** Says why a marked member is to lose a role, by what has marked them. */
export async function readCauses(
  db: Kysely<unknown>,
  clientId: ClientId,
  removals: readonly Removal[],
): Promise<(removal: Pick<Removal, 'discordUserId'>) => string> {
  const accounts = removals.map(({ discordUserId }) => discordUserId);
  const { rows } = await sql<{
    discord_user_id: DiscordUserId;
    causes: readonly Cause[];
  }>`
    select discord_user_id, causes from reconcile_job
    where client_id = ${clientId} and discord_user_id = any(${accounts}::text[])`.execute(
    db,
  );
  const causes = new Map(
    rows.map((row) => [row.discord_user_id, row.causes] as const),
  );
  return ({ discordUserId }) => explainRemoval(causes.get(discordUserId) ?? []);
}

/** By the newest cause that names a group, else by the newest. */
export function explainRemoval(causes: readonly Cause[]): string {
  const why = 'no group gives it any more';
  const cause =
    causes.findLast((each) => each.groupId !== undefined) ?? causes.at(-1);
  if (cause === undefined) return why;
  const { kind, id, actor, groupId } = cause;
  const group = groupId === undefined ? '' : `, group ${groupId}`;
  return `${why} (${kind.toLowerCase()} ${id} of ${actor}${group})`;
}
