import { type RawBuilder, sql } from 'kysely';

/**
 * Condition on a client's id: events arrive and none is missing, so the mirror shows what Discord
 * would answer, apart from the delay of events.
 */
export const isLive = (clientId: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from live_guild v where v.client_id = ${clientId} and v.state = 'LIVE' and v.gap_at is null
    and v.live_until > statement_timestamp())`;
