import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { EnqueueEvents } from '../outbox/outbox.js';
import { forgetUnlinkedHolders } from '../unlinked/save-unlinked.js';
import { anyOf } from '../connection/expressions.js';
import type { RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import {
  type Cause,
  type ClientId,
  type DiscordUserId,
  LANES,
  type LinkId,
  type PlatformUserId,
} from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { forgetDecisionsOfLinks } from '../decisions/forget.js';
import { markLinks } from '../jobs/mark.js';
import { startListing } from '../jobs/start-listing.js';
import { botsAmong, isBotMessage } from './bot-accounts.js';
import { reviveDeparted } from './departed.js';
import type { ImportVerdict } from '../../api/links/ports.js';

interface Pair {
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
}

interface ImportRequest {
  readonly clientId: ClientId;
  readonly users: readonly Pair[];
  readonly dryRun: boolean;
  readonly cause: Cause;
}

/**
 * Imports thousands of links in one transaction with few statements. Never replaces an existing
 * link: if the user or the account is already linked elsewhere, the verdict is a conflict, for a
 * person to resolve.
 */
export function createImportMembers(deps: {
  readonly database: Database;
  readonly enqueueEvents: EnqueueEvents;
}) {
  return async (request: ImportRequest): Promise<readonly ImportVerdict[]> =>
    deps.database.transaction(async (tx) => {
      const { clientId, users, dryRun, cause } = request;
      const client = await lockClient(tx, clientId, dryRun ? 'use' : 'change');
      if (client.endingAt)
        throw new InputError(
          'FAILED_PRECONDITION',
          `${named('client', clientId, client.name)} is being deleted`,
        );
      if (!dryRun) await lockUsers(tx.sql, users);
      const verdicts = judge(users, await readStanding(tx.sql, request));
      if (dryRun) return verdicts;
      const isNew = (_: Pair, at: number) => verdicts[at]?.kind === 'LINKED';
      const links = await insertLinks(tx.sql, clientId, users.filter(isNew));
      const accounts = users
        .filter(isNew)
        .map(({ discordUserId }) => ({ discordUserId, roleIds: null }));
      await forgetUnlinkedHolders(
        tx.sql,
        clientId,
        accounts.map(({ discordUserId }) => discordUserId),
      );
      await reviveDeparted(tx.sql, clientId, accounts);
      await markLinks(tx.sql, [...links.values()], cause, LANES.bulk);
      await startListing(tx.sql, clientId);
      await forgetDecisionsOfLinks(tx.sql, [...links.values()]);
      await deps.enqueueEvents(
        tx.sql,
        users.filter(isNew).map(({ platformUserId, discordUserId }) => ({
          type: 'discord.user.linked.v1' as const,
          key: platformUserId,
          data: {
            clientId,
            guildId: client.guildId,
            discordUserId,
            platformUserId,
            linkId: links.get(platformUserId),
          },
        })),
      );
      return verdicts.map((verdict, at) => ({
        ...verdict,
        linkId: verdict.linkId ?? links.get(users[at]?.platformUserId ?? '') ?? null,
      }));
    });
}

interface Standing {
  readonly byUser: ReadonlyMap<PlatformUserId, StandingLink>;
  readonly byAccount: ReadonlyMap<DiscordUserId, StandingLink>;
  readonly deleted: ReadonlySet<PlatformUserId>;
  readonly bots: ReadonlySet<DiscordUserId>;
}

interface StandingLink extends Pair {
  readonly linkId: LinkId;
  readonly accountName: string | null;
  readonly userName: string | null;
}

async function readStanding(db: Db, { clientId, users }: ImportRequest): Promise<Standing> {
  const userIds = users.map((user) => user.platformUserId);
  const accounts = users.map((user) => user.discordUserId);
  const links = await sql<StandingLink>`
    select l.id as "linkId", l.platform_user_id as "platformUserId", l.discord_user_id as "discordUserId",
      m.username as "accountName", u.username as "userName"
    from link l
    join platform_user u on u.id = l.platform_user_id
    left join member m on m.client_id = l.client_id and m.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE'
      and (l.platform_user_id = any(${userIds}::text[]) or l.discord_user_id = any(${accounts}::text[]))`.execute(
    db,
  );
  const { rows } = await sql<{
    deleted: PlatformUserId[];
    bots: DiscordUserId[];
  }>`
    select array(select id from platform_user where id = any(${userIds}::text[]) and deleted_at is not null) as deleted,
      array(${botsAmong(accounts)}) as bots`.execute(db);
  return {
    byUser: new Map(links.rows.map((row) => [row.platformUserId, row])),
    byAccount: new Map(links.rows.map((row) => [row.discordUserId, row])),
    deleted: new Set(rows[0]?.deleted),
    bots: new Set(rows[0]?.bots),
  };
}

/**
 * Judges the pairs in the given order: a pair that repeats the user or account of an earlier one is
 * a conflict.
 */
function judge(users: readonly Pair[], standing: Standing): readonly ImportVerdict[] {
  const placeOfUser = new Map<PlatformUserId, number>();
  const placeOfAccount = new Map<DiscordUserId, number>();
  return users.map((user, at) => {
    const { platformUserId, discordUserId } = user;
    const said = placeOfUser.get(platformUserId);
    const taken = placeOfAccount.get(discordUserId);
    if (said !== undefined) return conflict(`duplicates the platform user of users[${said}]`);
    if (taken !== undefined) return conflict(`duplicates the Discord account of users[${taken}]`);
    placeOfUser.set(platformUserId, at);
    placeOfAccount.set(discordUserId, at);
    return judgeOne(user, standing);
  });
}

function judgeOne(
  { platformUserId, discordUserId }: Pair,
  { byUser, byAccount, deleted, bots }: Standing,
): ImportVerdict {
  if (bots.has(discordUserId))
    return {
      kind: 'INVALID',
      message: isBotMessage(discordUserId),
      linkId: null,
      field: 'discordUserId',
    };
  if (deleted.has(platformUserId)) {
    const message = `platform user ${platformUserId} was deleted`;
    return { kind: 'INVALID', message, linkId: null };
  }
  const owner = byAccount.get(discordUserId);
  if (owner?.platformUserId === platformUserId)
    return { kind: 'UNCHANGED', message: null, linkId: owner.linkId };
  if (owner !== undefined)
    return conflict(
      `Discord ${named('account', discordUserId, owner.accountName)} is already linked to another user`,
    );
  const own = byUser.get(platformUserId);
  if (own !== undefined)
    return conflict(
      `${named('platform user', platformUserId, own.userName)} is already linked to ${named('account', own.discordUserId, own.accountName)}`,
    );
  return { kind: 'LINKED', message: null, linkId: null };
}

function conflict(message: string): ImportVerdict {
  return { kind: 'CONFLICT', message, linkId: null };
}

/**
 * Locks the users' rows, because all writes about a user serialize on that row. Creates unknown
 * users without a name.
 */
async function lockUsers(db: Db, users: readonly Pair[]): Promise<void> {
  const ids = users.map((user) => user.platformUserId);
  await sql`
    insert into platform_user (id) select distinct id from unnest(${ids}::text[]) as u (id) order by id
    on conflict do nothing`.execute(db);
  await db
    .selectFrom('platform_user')
    .select('id')
    .where('id', '=', anyOf(ids))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}

/** Inserts the links and returns their ids. An ending link of the same pair is revived. */
async function insertLinks(
  db: Db,
  clientId: ClientId,
  pairs: readonly Pair[],
): Promise<ReadonlyMap<PlatformUserId, LinkId>> {
  const userIds = pairs.map((pair) => pair.platformUserId);
  const { rows } = await sql<RawRow<'link', 'id' | 'platformUserId'>>`
    insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
    select p.id, ${clientId}, p.platform_user_id, p.discord_user_id, 'ACTIVE', clock_timestamp()
    from unnest(${pairs.map(() => uuidv7())}::uuid[], ${userIds}::text[],
      ${pairs.map((pair) => pair.discordUserId)}::text[]) as p (id, platform_user_id, discord_user_id)
    order by p.discord_user_id, p.platform_user_id
    on conflict (client_id, discord_user_id, platform_user_id) do update set
      status = 'ACTIVE', linked_at = excluded.linked_at, ending_at = null, is_end_asked_for = false
    returning id, platform_user_id as "platformUserId"`.execute(db);
  return new Map(rows.map((row) => [row.platformUserId, row.id]));
}
