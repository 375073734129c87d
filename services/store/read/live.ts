import { sql } from 'kysely';

import type { LiveStatus } from '../../api/clients/live-status.types.js';
import type { ClientId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { inOrder, toDate, toDateOrNull } from './page.js';

const CLIENT = ['isLive', 'isEnabled', 'stoppedAt', 'endingAt', 'trouble', 'updatedAt'] as const;
const LIVE = [
  'state',
  'reason',
  'since',
  'gapAt',
  'liveUntil',
  'unavailableSince',
  'lastEventAt',
] as const;

/** All columns of `live_guild` are null if the client was never live. */
type Row = RawRow<'client', (typeof CLIENT)[number]> & {
  readonly [Name in (typeof LIVE)[number]]: RawRow<'live_guild', Name>[Name] | null;
} & { readonly id: ClientId; readonly isExpired: boolean; readonly missed: number };

/** A session that lives is confirmed by its heartbeats; `g` is the row in `live_guild`. */
export const IS_EXPIRED = sql<boolean>`coalesce(
  g.state in ('LIVE', 'CATCHING_UP') and g.live_until <= clock_timestamp(), false)`;

/** No session is opened for `client c`. */
export const IS_OFF = sql<boolean>`
  (not c.is_live or not c.is_enabled or c.stopped_at is not null or c.ending_at is not null)`;

/** Returns how events reach each client; undefined for an unknown id. */
export async function liveOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (LiveStatus | undefined)[]> {
  const { rows } = await sql<Row>`
    select c.id, ${columns<'client'>(CLIENT, 'c')}, ${columns<'live_guild'>(LIVE, 'g')}, ${IS_EXPIRED} as "isExpired",
      coalesce(g.missed, 0)::int as missed
    from client c left join live_guild g on g.client_id = c.id
    where c.id = any(${ids}::uuid[])`.execute(db);
  const statuses = rows.map((row) => ({ id: row.id, status: toStatus(row) }));
  return inOrder(ids, statuses, ({ id }) => id).map((found) => found?.status);
}

function toStatus(row: Row): LiveStatus {
  return {
    ...deriveState(row),
    lastEventAt: toDateOrNull(row.lastEventAt),
    gapSince: toDateOrNull(row.gapAt),
    missed: row.missed,
  };
}

function deriveState(row: Row): Pick<LiveStatus, 'state' | 'reason' | 'since'> {
  const off = describeOff(row);
  if (off !== null) return { state: 'OFF', reason: off, since: null };
  const { state, since } = row;
  if (state === null || since === null)
    return {
      state: 'CONNECTING',
      reason: 'no process runs the part `reconcile`',
      since: toDate(row.updatedAt),
    };
  if (row.isExpired && row.liveUntil !== null) {
    const until = toDate(row.liveUntil);
    const reason = `no process has confirmed the session since ${until.toISOString()}`;
    return { state: 'CONNECTING', reason, since: until };
  }
  const outage = toDateOrNull(row.unavailableSince);
  const reason =
    outage === null
      ? row.reason
      : `Discord has reported an outage of the server since ${outage.toISOString()}`;
  return { state, reason, since: toDate(since) };
}

/** Why no session is opened for the client; null: one is. */
function describeOff(row: Row): string | null {
  if (!row.isLive) return 'the setting `live` is false';
  if (row.endingAt !== null) return 'the client is being deleted';
  if (!row.isEnabled) return 'the client is disabled';
  if (row.stoppedAt !== null)
    return `the client is stopped: ${row.trouble ?? 'its bot token was refused'}`;
  return null;
}
