import { sql, type RawBuilder } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { ClientEntity, type ClientRow } from '../entities/client.entity.js';
import { toDate, toDateOrNull, type Time } from '../read/page.js';

/** A row as the driver returns it, with unparsed times. */
type Stored = {
  readonly [Name in keyof ClientRow]: Date extends ClientRow[Name]
    ? Time | Exclude<ClientRow[Name], Date>
    : ClientRow[Name];
};

/**
 * Reads clients for display. Nearly every request needs one, and creating an entity, which nothing
 * here needs, would cost many times as much as the statement.
 */
export function createFindClients(database: Database) {
  let columns: RawBuilder<unknown> | null = null;
  return async (ids: readonly ClientId[]): Promise<readonly ClientRow[]> => {
    const { properties } = database.orm.getMetadata(ClientEntity);
    columns ??= sql.join(
      Object.values(properties).map(
        ({ name, fieldNames }) => sql`${sql.ref(fieldNames.join())} as ${sql.ref(name)}`,
      ),
    );
    const { rows } = await sql<Stored>`
      select ${columns} from client where id = any(${ids}::uuid[])`.execute(database.byKey);
    return rows.map(toClientRow);
  };
}

const toClientRow = (row: Stored): ClientRow => ({
  ...row,
  rolesReadAt: toDateOrNull(row.rolesReadAt ?? null),
  stoppedAt: toDateOrNull(row.stoppedAt ?? null),
  pausedUntil: toDateOrNull(row.pausedUntil ?? null),
  sendingSince: toDateOrNull(row.sendingSince ?? null),
  sendingUntil: toDateOrNull(row.sendingUntil ?? null),
  endingAt: toDateOrNull(row.endingAt ?? null),
  checkedAt: toDateOrNull(row.checkedAt ?? null),
  checkClaimedUntil: toDateOrNull(row.checkClaimedUntil ?? null),
  createdAt: toDate(row.createdAt),
  updatedAt: toDate(row.updatedAt),
});
