import { setTimeout as sleep } from 'node:timers/promises';

import type { LinkedOutcome } from '../../api/sign-in/ports.js';
import type { KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import {
  type Cause,
  type ClientId,
  type DiscordUserId,
  type EmailRule,
  type GuildId,
  LANES,
  type LinkId,
  type OAuthApplication,
  type PlatformUserId,
} from '../../model.js';
import { decryptSecret } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { ClientEntity } from '../entities/client.entity.js';
import type { Db } from '../entities/entities.js';
import { markLinks } from '../jobs/mark.js';
import { makeLink } from '../links/links.js';
import type { EnqueueEvent } from '../outbox/outbox.js';
import { takeGrant } from './grants.js';

const LOOK_EVERY_MS = 50;

interface SignedIn {
  readonly grantId: string;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  readonly account: {
    readonly discordUserId: DiscordUserId;
    readonly username: string;
    readonly displayName: string | null;
  };
  readonly cause: Cause;
}

/**
 * Links a person who has signed in at Discord and marks them to be added to the guild, in one
 * transaction.
 */
export function createSignedInLinks(deps: {
  readonly database: Database;
  readonly enqueueEvent: EnqueueEvent;
  readonly clock: () => number;
}) {
  const { database } = deps;
  return {
    linkSignedIn: async (request: SignedIn) =>
      database.transaction(async (tx) => {
        const { clientId, account, cause } = request;
        const { discordUserId } = account;
        const { linkId, warnings } = await makeLink(deps, tx, {
          ...request,
          discordUserId,
        });
        // Locks the job before the grant, in the same order as the settling of a run, so that the
        // two cannot deadlock.
        await markLinks(tx.sql, [linkId], cause, LANES.fresh);
        await saveNames(tx.sql, clientId, account);
        await takeGrant(tx.sql, { ...request, discordUserId });
        return { linkId, warnings };
      }),

    async awaitLinked(linkId: LinkId, waitMs: number): Promise<LinkedOutcome> {
      const untilMs = performance.now() + waitMs;
      for (;;) {
        const outcome = await readOutcome(database.sql(), linkId);
        if (outcome.kind !== 'WAITING' || performance.now() >= untilMs) return outcome;
        await sleep(LOOK_EVERY_MS);
      }
    },
  };
}

/** Saves the account's names, so that the link shows them before the member is first read. */
async function saveNames(
  db: Db,
  clientId: ClientId,
  { discordUserId, username, displayName }: SignedIn['account'],
): Promise<void> {
  const names = { username, displayName };
  await db
    .insertInto('member')
    .values({ clientId, discordUserId, ...names })
    .onConflict((conflict) =>
      conflict.columns(['clientId', 'discordUserId']).doUpdateSet({ ...names, joinRefusal: null }),
    )
    .execute();
}

/** Returns WAITING while the member's job waits or runs. A parked job already has a result. */
async function readOutcome(db: Db, linkId: LinkId): Promise<LinkedOutcome> {
  const row = await db
    .selectFrom('link as l')
    .innerJoin('member as m', (join) =>
      join.onRef('m.clientId', '=', 'l.clientId').onRef('m.discordUserId', '=', 'l.discordUserId'),
    )
    .select(['m.readAt', 'm.isPresent', 'm.isPending', 'm.joinRefusal'])
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('reconcile_job as j')
            .select('j.clientId')
            .whereRef('j.clientId', '=', 'l.clientId')
            .whereRef('j.discordUserId', '=', 'l.discordUserId')
            .where('j.isParked', '=', false),
        )
        .as('isAtWork'),
    )
    .where('l.id', '=', linkId)
    .executeTakeFirst();
  if (row === undefined || row.readAt === null || row.isAtWork) return { kind: 'WAITING' };
  return row.isPresent
    ? { kind: 'IN_GUILD', isScreened: row.isPending }
    : { kind: 'NOT_IN_GUILD', refusal: row.joinRefusal };
}

interface SignInClient {
  readonly clientId: ClientId;
  readonly name: string;
  readonly guildId: GuildId;
  readonly callbackUrl: string | null;
  readonly inviteUrl: string | null;
  readonly email: EmailRule;
  readonly keepsTokens: boolean;
  readonly application: OAuthApplication;
}

/** Finds a client with its secret. Use it only for OAuth2 calls to Discord. */
export function createFindSignInClient(deps: {
  readonly database: Database;
  readonly keys: KeyRing;
}) {
  return async (clientId: ClientId): Promise<SignInClient> => {
    const em = deps.database.orm.em.fork();
    const row = await em.findOne(ClientEntity, { id: clientId });
    if (row === null) throw new InputError('NOT_FOUND', `client ${clientId} does not exist`);
    if (row.endingAt)
      throw new InputError(
        'FAILED_PRECONDITION',
        `${named('client', clientId, row.name)} is being deleted`,
      );
    return {
      clientId,
      name: row.name,
      guildId: row.guildId,
      callbackUrl: row.callbackUrl ?? null,
      inviteUrl: row.inviteUrl ?? null,
      email: row.emailRule,
      keepsTokens: row.keepsTokens,
      application: {
        clientId,
        applicationId: row.applicationId,
        clientSecret: decryptSecret(deps.keys, row, 'clientSecret'),
        apiBase: row.apiBase,
        authorizeUrl: row.authorizeUrl,
        tokenUrl: row.tokenUrl,
        revokeUrl: row.revokeUrl,
      },
    };
  };
}
