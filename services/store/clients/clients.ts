import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { type RawBuilder, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { DiscordClient } from '../../api/clients/discord-client.types.js';
import type { KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Cause, ClientId, GuildId, Holders } from '../../model.js';
import {
  type ClientInput,
  clientView,
  encryptSecret,
  lockClient,
  secretColumns,
  settingColumns,
} from './client-rows.js';
import { endClient } from './end-client.js';
import { logTroubleEnd } from './trouble.js';
import type { Database, Transaction } from '../connection/database.js';
import { forgetDecisionsOfClient, forgetHeldByLimits } from '../decisions/forget.js';
import { type Guard, holdBurst } from '../decisions/hold-burst.js';
import { holdForNewAuthority } from '../decisions/hold-new-mapping.js';
import { ClientEntity, type ClientRow } from '../entities/client.entity.js';
import { markClient } from '../jobs/mark.js';
import { openGapAfterPause } from '../live/gaps.js';
import { refuseConflictsOfClient } from '../mappings/conflicts.js';
import type { ChangePreview } from '../mappings/effect.js';
import { type Time, toDate, toDateOrNull } from '../read/page.js';
import { forgetReadingsOfClient } from '../remote/save-readings.js';
import { switchNicknames } from '../sweeps/schedules.js';

interface Deps {
  readonly database: Database;
  readonly keys: KeyRing;
  readonly guard: Guard;
  readonly clock: () => number;
  readonly logger: Logger;
}

export function createClients(deps: Deps) {
  const { database, keys } = deps;
  const findClients = createFindClients(database);
  return {
    createClient: async (input: ClientInput & { readonly guildId: GuildId }) =>
      createClient(deps, input),
    updateClient: async (id: ClientId, patch: Partial<ClientInput>, cause: Cause) =>
      updateClient(deps, { id, patch, cause }),
    deleteClient: async (request: DeleteRequest): Promise<ChangePreview> =>
      database.transaction(async (tx) => endClient(tx, await lockClient(tx, request.id), request)),

    async listClients(): Promise<readonly DiscordClient[]> {
      const rows = await database.orm.em.fork().find(ClientEntity, {}, { orderBy: { id: 'asc' } });
      return rows.map((row) => clientView(row, keys));
    },

    async findClients(ids: readonly ClientId[]): Promise<readonly (DiscordClient | undefined)[]> {
      const rows = await findClients(ids);
      const byId = new Map(rows.map((row) => [row.id, clientView(row, keys)]));
      return ids.map((id) => byId.get(id));
    },
  };
}

interface DeleteRequest {
  readonly id: ClientId;
  readonly holders: Holders;
  readonly dryRun: boolean;
  readonly cause: Cause;
}

async function createClient(
  { database, keys, clock }: Deps,
  input: ClientInput & { readonly guildId: GuildId },
): Promise<DiscordClient> {
  const { guildId } = input;
  return database.transaction(async ({ em }) => {
    const taken = await em.findOne(ClientEntity, { guildId });
    if (taken !== null) throw guildTaken(guildId);
    const id = uuidv7();
    const now = new Date(clock());
    const row = em.create(ClientEntity, {
      ...settingColumns(input),
      clientSecret: encryptSecret(keys, id, 'clientSecret', input.clientSecret),
      botToken: encryptSecret(keys, id, 'botToken', input.botToken),
      id,
      guildId,
      createdAt: now,
      updatedAt: now,
    });
    await em.flush().catch((error: unknown) => {
      throw error instanceof UniqueConstraintViolationException ? guildTaken(guildId) : error;
    });
    return clientView(row, keys);
  });
}

/**
 * Updates a client. A new bot token, or enabling the client, clears its stop or pause. New guard
 * limits mark the members whose removals the old limits held.
 */
async function updateClient(
  { database, keys, clock, guard, logger }: Deps,
  { id, patch, cause }: { id: ClientId; patch: Partial<ClientInput>; cause: Cause },
): Promise<DiscordClient> {
  let ended: string | null = null;
  const view = await database.transaction(async (tx) => {
    const row = await lockClient(tx, id);
    ended = null;
    const isSwitch = patch.authority !== undefined && patch.authority !== row.authority;
    const namedBy = row.nicknameStrategy;
    const hasWaited = row.screening === 'WAIT';
    const hasHeld = row.handRemovals === 'HOLD';
    const hadEvents = wantsEvents(row);
    tx.em.assign(row, {
      ...settingColumns({ ...clientView(row, keys), ...patch }),
      ...secretColumns(keys, id, patch),
      updatedAt: new Date(clock()),
    });
    if (patch.botToken !== undefined || patch.isEnabled === true) {
      ended = row.trouble ?? null;
      tx.em.assign(row, {
        trouble: null,
        stoppedAt: null,
        pausedUntil: null,
        pauseCount: 0,
      });
    }
    await tx.em.flush();
    if (!hadEvents && wantsEvents(row)) await openGapAfterPause(tx.sql, id);
    if (isSwitch) await refuseConflictsOfClient(tx.sql, id);
    const judged = await markForSettings(tx, { id, patch, cause });
    if (hasWaited && row.screening === 'IGNORE')
      await markClient(tx.sql, { clientId: id, state: 'SCREENED', cause });
    if (hasHeld && row.handRemovals === 'RESTORE') await endHolds(tx.sql, id, cause);
    if (isSwitch) await forgetReadingsOfClient(tx.sql, id);
    if (isSwitch && row.authority === 'PLATFORM')
      await holdForNewAuthority(tx.sql, id, guard.enqueueEvent);
    if (judged !== null) await holdBurst(tx.sql, guard, judged);
    const isNamedNow = row.nicknameStrategy !== 'NONE';
    if (isNamedNow !== (namedBy !== 'NONE'))
      await switchNicknames(tx.sql, id, row.nicknameStrategy);
    // Deletes grants after marking members. Settling a run also locks jobs before grants, so the
    // two cannot deadlock.
    if (!row.keepsTokens) await giveUpKeptGrants(tx.sql, id);
    return clientView(row, keys);
  });
  logTroubleEnd(logger, id, ended);
  return view;
}

const wantsEvents = ({ isLive, isEnabled, stoppedAt }: ClientRow): boolean =>
  isLive && isEnabled && !stoppedAt;

/**
 * Marks the members affected by the new settings. Resolves to a query for `holdBurst` with the
 * members who may lose a role; null if these settings cannot cause removals.
 */
async function markForSettings(
  tx: Transaction,
  change: {
    readonly id: ClientId;
    readonly patch: Partial<ClientInput>;
    readonly cause: Cause;
  },
): Promise<RawBuilder<unknown> | null> {
  const { id, patch, cause } = change;
  if (patch.authority !== undefined || patch.unknownMembership !== undefined) {
    await markClient(tx.sql, { clientId: id, state: 'ANY', cause });
    await forgetDecisionsOfClient(tx.sql, id);
    return sql`select client_id, discord_user_id, 'OTHER' as cause from link where client_id = ${id}`;
  }
  if (patch.removalGuard === undefined) return null;
  await markClient(tx.sql, { clientId: id, state: 'HELD', cause });
  const members = await forgetHeldByLimits(tx.sql, id);
  return sql`select ${id}::uuid as client_id, m.id as discord_user_id, 'OTHER' as cause from unnest(${members}::text[]) as m (id)`;
}

/** Marks the members whose roles stay removed by hand, and lets their runs grant the roles. */
async function endHolds(db: Transaction['sql'], clientId: ClientId, cause: Cause): Promise<void> {
  await markClient(db, { clientId, state: 'HELD_BY_HAND', cause });
  await db
    .deleteFrom('hand_change')
    .where('clientId', '=', clientId)
    .where('isHeld', '=', true)
    .execute();
}

/**
 * Deletes the client's grants, except those still needed to add a member to the guild; these are
 * deleted once the member has joined.
 */
async function giveUpKeptGrants(db: Transaction['sql'], clientId: ClientId): Promise<void> {
  await db
    .deleteFrom('discord_grant')
    .where('clientId', '=', clientId)
    .where('isJoinWanted', '=', false)
    .execute();
}

function guildTaken(guildId: GuildId): InputError {
  return new InputError('CONFLICT', `guild ${guildId} already has a client`, 'input.guildId');
}

/** A row as the driver returns it, with unparsed times. */
type Stored = {
  readonly [Name in keyof ClientRow]: Date extends ClientRow[Name]
    ? Time | Exclude<ClientRow[Name], Date>
    : ClientRow[Name];
};

/**
 * Reads clients for display. Nearly every request reads one, so this returns plain rows: creating a
 * MikroORM entity would cost many times as much as the statement.
 */
function createFindClients(database: Database) {
  let columns: RawBuilder<unknown> | null = null;
  return async (ids: readonly ClientId[]): Promise<readonly ClientRow[]> => {
    const { properties } = database.orm.getMetadata(ClientEntity);
    columns ??= sql.join(
      Object.values(properties).map(
        ({ name, fieldNames }) => sql`${sql.ref(fieldNames.join())} as ${sql.ref(name)}`,
      ),
    );
    const { rows } = await sql<Stored>`
      select ${columns} from client where id = any(${ids}::uuid[])`.execute(database.prepared);
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
