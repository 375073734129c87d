import { sql } from 'kysely';

import type { Db } from '../../../services/store/entities/entities.js';
import type { ReadPort } from '../../../services/api/ports.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { openDatabase, type Database } from '../../../services/store/connection/database.js';
import type { Asker } from '../../../services/store/connection/together.js';
import { createReadQueries } from '../../../services/store/read/read-queries.js';
import { createMigratedDatabase } from '../../support/store.js';

export interface ReadWorld {
  readonly read: ReadPort;
  readonly db: Db;
  /** Statements sent since the last call. */
  statements(): number;
  close(): Promise<void>;
}

/** A database of the file's own, and its queries. */
export async function openReadWorld(): Promise<ReadWorld> {
  const { url, drop } = await createMigratedDatabase();
  const database: Database = await openDatabase({
    url,
    poolSize: 3,
    logger: silentLogger,
  });
  let asked = 0;
  const counted = (asker: Asker): Asker => ({
    getExecutor() {
      asked += 1;
      return asker.getExecutor();
    },
  });
  return {
    db: database.sql(),
    read: createReadQueries({
      prepared: counted(database.prepared),
      reads: counted(database.reads),
    }),
    statements: () => {
      const count = asked;
      asked = 0;
      return count;
    },
    close: async () => {
      await database.close();
      await drop();
    },
  };
}

/** Ids of ours for tests: they sort by their number. */
export const ownId = (number: number): string =>
  `0192f000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

export const AT = new Date('2026-11-22T17:00:00.123Z');

export async function addClient(db: Db, id: string, authority = 'PLATFORM'): Promise<void> {
  await sql`insert into client (id, name, guild_id, application_id, client_secret, bot_token, is_enabled, authority,
      unknown_membership, nickname_strategy, guard_minimum, guard_percent, email_rule, keeps_tokens, whole_list_writes,
      api_base, authorize_url, token_url, revoke_url, created_at, updated_at)
    values (${id}, 'c', ${id}, '1', 's', 't', true, ${authority}, 'KEEP', 'NONE', 10, 10, 'NONE', false, true,
      'a', 'b', 'c', 'd', ${AT}, ${AT})`.execute(db);
}

export async function addUsers(db: Db, ids: readonly string[]): Promise<void> {
  await sql`insert into platform_user (id, username) select id, upper(id) from unnest(${ids}::text[]) id`.execute(
    db,
  );
}

export async function addGroups(
  db: Db,
  names: Readonly<Record<string, string | null>>,
): Promise<void> {
  for (const [id, name] of Object.entries(names))
    await sql`insert into platform_group (id, name) values (${id}, ${name})`.execute(db);
}

export async function addMembership(
  db: Db,
  given: { user: string; group: string; isHeld?: boolean },
): Promise<void> {
  await sql`insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
    values (${given.user}, ${given.group}, ${given.isHeld ?? true}, 1, false)`.execute(db);
}

export async function addLink(
  db: Db,
  given: {
    id: string;
    clientId: string;
    user: string;
    account: string;
    status?: 'ACTIVE' | 'ENDING';
  },
): Promise<void> {
  await sql`insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
    values (${given.id}, ${given.clientId}, ${given.user}, ${given.account}, ${given.status ?? 'ACTIVE'}, ${AT})`.execute(
    db,
  );
}

export async function addMember(
  db: Db,
  given: {
    clientId: string;
    account: string;
    state?: string | null;
    roleIds?: readonly string[];
  },
): Promise<void> {
  await sql`insert into member (client_id, discord_user_id, state, role_ids, read_at, username, display_name, nickname,
      is_pending, timed_out_until, reason, last_reconciled_at)
    values (${given.clientId}, ${given.account}, ${given.state ?? null}, ${given.roleIds ?? []}::text[], ${AT}, 'name',
      'Name', 'Nick', true, ${AT}, 'because', ${AT})`.execute(db);
}

export async function addJob(
  db: Db,
  given: { clientId: string; account: string; isParked?: boolean },
): Promise<void> {
  await sql`insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes, is_parked)
    values (${given.clientId}, ${given.account}, 0, now(), '[]', ${given.isParked ?? false})`.execute(
    db,
  );
}

export async function addRole(
  db: Db,
  given: { clientId: string; id: string; position?: number },
): Promise<void> {
  await sql`insert into role (client_id, id, name, position, color, is_managed, refusal)
    values (${given.clientId}, ${given.id}, ${`role ${given.id}`}, ${given.position ?? 1}, 5, true, 'MANAGED')`.execute(
    db,
  );
}
