import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { forgetUnlinkedHolders } from '../unlinked/save-unlinked.js';
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
import type { Database, Transaction } from '../connection/database.js';
import { forgetDecisionsOfLinks } from '../decisions/forget.js';
import { LinkEntity, type LinkRow } from '../entities/link.entity.js';
import { markLinks } from '../jobs/mark.js';
import { botRefused, isKnownBot, readAccount } from './bot-accounts.js';
import { reviveDeparted } from './departed.js';
import { endLinks } from './end-links.js';
import { nameAccount } from '../names.js';

export interface LinkRequest {
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
  readonly cause: Cause;
}

interface Deps {
  readonly database: Database;
  readonly enqueueEvent: EnqueueEvent;
  readonly clock: () => number;
}

interface Linked {
  readonly linkId: LinkId;
  readonly warnings: readonly string[];
}

export function createLinks(deps: Deps) {
  return {
    readAccount: async (request: Parameters<typeof readAccount>[1]) =>
      readAccount(deps.database.sql(), request),
    botRefused,
    linkMember: async (request: LinkRequest) => linkMember(deps, request),
    unlinkMember: async (request: { id: LinkId; cause: Cause }) =>
      deps.database.transaction(async (tx) => {
        await findLink(tx, request.id);
        await endLinks(tx.sql, {
          linkIds: [request.id],
          cause: request.cause,
          isAskedFor: true,
        });
      }),
  };
}

async function linkMember(deps: Deps, request: LinkRequest): Promise<Linked> {
  return deps.database.transaction(async (tx) => {
    const { linkId, warnings } = await makeLink(deps, tx, request);
    return { linkId, warnings };
  });
}

/**
 * Creates the link or revives an ending one, and ends the user's link to another account. If the
 * link is already active, it is left unchanged and its member is not marked.
 */
export async function makeLink(
  { enqueueEvent, clock }: Pick<Deps, 'enqueueEvent' | 'clock'>,
  tx: Transaction,
  request: LinkRequest,
): Promise<Linked & { readonly isNew: boolean }> {
  const { clientId, platformUserId, discordUserId, cause } = request;
  const client = await lockClient(tx, clientId, 'use');
  if (client.endingAt)
    throw new InputError(
      'FAILED_PRECONDITION',
      `${named('client', clientId, client.name)} is being deleted`,
    );
  if (await isKnownBot(tx.sql, discordUserId)) throw botRefused(discordUserId);
  await lockPlatformUser(tx, platformUserId);
  const claimed = await tx.em.findOne(LinkEntity, {
    clientId,
    discordUserId,
    status: 'ACTIVE',
  });
  if (claimed !== null && claimed.platformUserId !== platformUserId)
    throw claimedByOther(await nameAccount(tx.sql, clientId, discordUserId));
  if (claimed !== null) return { linkId: claimed.id, warnings: [], isNew: false };
  const warnings = await endOtherLink(tx, request);
  const row = await reviveOrCreate(tx, request, new Date(clock()));
  await tx.em.flush().catch((error: unknown) => {
    // Another transaction claimed the account between our read and our write.
    throw error instanceof UniqueConstraintViolationException
      ? claimedByOther(`account ${discordUserId}`)
      : error;
  });
  await forgetUnlinkedHolders(tx.sql, clientId, [discordUserId]);
  await reviveDeparted(tx.sql, clientId, [{ discordUserId, roleIds: null }]);
  await markLinks(tx.sql, [row.id], cause, LANES.fresh);
  await forgetDecisionsOfLinks(tx.sql, [row.id]);
  await enqueueEvent(tx.sql, {
    type: 'discord.user.linked.v1',
    key: platformUserId,
    data: {
      clientId,
      guildId: client.guildId,
      discordUserId,
      platformUserId,
      linkId: row.id,
    },
  });
  return { linkId: row.id, warnings, isNew: true };
}

export async function findLink({ em }: Pick<Transaction, 'em'>, id: LinkId): Promise<LinkRow> {
  const row = await em.findOne(LinkEntity, { id });
  if (row === null) throw new InputError('NOT_FOUND', `link ${id} does not exist`);
  return row;
}

async function endOtherLink(tx: Transaction, request: LinkRequest): Promise<readonly string[]> {
  const { clientId, platformUserId, cause } = request;
  const other = await tx.em.findOne(LinkEntity, {
    clientId,
    platformUserId,
    status: 'ACTIVE',
  });
  if (other === null) return [];
  const linkIds = [other.id];
  const account = await nameAccount(tx.sql, clientId, other.discordUserId);
  await endLinks(tx.sql, { linkIds, cause, isAskedFor: true });
  return [`the link to ${account} is ending: its roles are being removed`];
}

async function reviveOrCreate(tx: Transaction, request: LinkRequest, now: Date): Promise<LinkRow> {
  const { clientId, platformUserId, discordUserId } = request;
  // Locks the ending link, because a run may be deleting it now. If the run has deleted it, a new
  // link is created.
  const ending = await tx.em.findOne(
    LinkEntity,
    { clientId, platformUserId, discordUserId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (ending === null) {
    return tx.em.create(LinkEntity, {
      id: uuidv7(),
      clientId,
      platformUserId,
      discordUserId,
      status: 'ACTIVE',
      linkedAt: now,
      endingAt: null,
      isEndAskedFor: false,
    });
  }
  tx.em.assign(ending, {
    status: 'ACTIVE',
    linkedAt: now,
    endingAt: null,
    isEndAskedFor: false,
  });
  return ending;
}

function claimedByOther(account: string): InputError {
  return new InputError(
    'CONFLICT',
    `Discord ${account} is already linked to another user`,
    'input.discordUserId',
  );
}

/**
 * Locks the user's row, because all writes about a platform user serialize on it. Creates an
 * unknown user without a name. Throws FAILED_PRECONDITION if the user was deleted.
 */
export async function lockPlatformUser(
  { sql: db }: Pick<Transaction, 'sql'>,
  id: PlatformUserId,
): Promise<void> {
  await db
    .insertInto('platform_user')
    .values({ id })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const user = await db
    .selectFrom('platform_user')
    .select('deletedAt')
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (user !== undefined && user.deletedAt !== null) {
    throw new InputError(
      'FAILED_PRECONDITION',
      `platform user ${id} was deleted`,
      'input.platformUserId',
    );
  }
}
