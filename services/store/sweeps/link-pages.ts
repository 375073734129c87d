import { sql, type RawBuilder } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId } from '../../model.js';

/** Linked accounts that one statement reads. */
export interface LinkPage {
  readonly accounts: readonly DiscordUserId[];
  /**
   * A query of each account once: discord_user_id, platform_user_id (null: all links of the account
   * are ending), is_ending (all of them are) and has_ending (one of them is).
   */
  readonly linked: RawBuilder<unknown>;
}

interface Asked {
  readonly clientId: ClientId;
  readonly linksAtOnce: number;
  /** Awaited before each page; if it throws, the search ends. */
  readonly beforePage?: (() => Promise<void>) | undefined;
}

/**
 * All linked accounts of a client. First the ones with an active link, sorted by person, so that a
 * page's memberships are stored close together however accounts and people are paired; then those
 * whose links are all ending, which need no memberships.
 */
export async function* linkPages(db: Db, asked: Asked): AsyncGenerator<LinkPage> {
  for (const walk of [OF_PEOPLE, ENDING]) yield* pagesOf(db, walk, asked);
}

async function* pagesOf(
  db: Db,
  { key, status, linked }: Walk,
  { clientId, linksAtOnce, beforePage }: Asked,
): AsyncGenerator<LinkPage> {
  let after = '';
  for (;;) {
    await beforePage?.();
    const { rows } = await sql<{
      links: number;
      upTo: string | null;
      accounts: string | null;
    }>`
      select count(*)::int as links, max(key) as "upTo", string_agg(account, ',') as accounts from (
        select l.${key} as key, l.discord_user_id as account from link l
        where l.client_id = ${clientId} and l.status = ${status} and l.${key} > ${after}
        order by l.${key} limit ${linksAtOnce}) p`.execute(db);
    const { links, upTo, accounts } = rows[0] ?? NONE;
    if (upTo === null || accounts === null) return;
    const isWithin = sql`l.client_id = ${clientId} and l.status = ${status} and l.${key} > ${after} and l.${key} <= ${upTo}`;
    yield { accounts: accounts.split(','), linked: linked(isWithin) };
    if (links < linksAtOnce) return;
    after = upTo;
  }
}

const NONE = { links: 0, upTo: null, accounts: null };

interface Walk {
  readonly status: RawBuilder<unknown>;
  /** The sort key of the pages; for links with this status an index contains the account too. */
  readonly key: RawBuilder<unknown>;
  readonly linked: (isWithin: RawBuilder<unknown>) => RawBuilder<unknown>;
}

const OF_PEOPLE: Walk = {
  status: sql`'ACTIVE'`,
  key: sql.ref('platform_user_id'),
  linked: (isWithin) => sql`
    select l.discord_user_id, l.platform_user_id, false as is_ending, exists (select from link e
      where e.client_id = l.client_id and e.discord_user_id = l.discord_user_id and e.status = 'ENDING') as has_ending
    from link l where ${isWithin} order by l.discord_user_id`,
};

const ENDING: Walk = {
  status: sql`'ENDING'`,
  key: sql.ref('discord_user_id'),
  linked: (isWithin) => sql`
    select distinct l.discord_user_id, null::text as platform_user_id, true as is_ending, true as has_ending
    from link l where ${isWithin} and not exists (select from link k
      where k.client_id = l.client_id and k.discord_user_id = l.discord_user_id and k.status = 'ACTIVE')`,
};
