import { type RawBuilder, sql } from 'kysely';

/**
 * Condition on a client's id: events arrive and none is missing, so the mirror shows what Discord
 * would answer, apart from the delay of events.
 */
export const isLive = (clientId: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from live_guild v where v.client_id = ${clientId} and v.state = 'LIVE' and v.gap_at is null
    and v.unavailable_since is null and v.live_until > statement_timestamp())`;

/**
 * Condition on `client c`: Discord has reported an outage of the guild, in which calls would fail.
 * The end of the outage comes as an event; if that is missed, the calls themselves find out.
 */
export const isUnavailable = sql<boolean>`exists (
  select from live_guild v where v.client_id = c.id and v.unavailable_since > statement_timestamp() - interval '10 minutes')`;
