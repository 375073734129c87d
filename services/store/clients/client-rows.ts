import { sql } from 'kysely';

import { keyIdOf, type KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import type { ClientId, ClientSettings, Endpoints, SendingPause } from '../../model.js';
import type { Transaction } from '../connection/database.js';
import { ClientEntity, type ClientRow } from '../entities/client.entity.js';
import type { Db } from '../entities/entities.js';

/** A client's secrets, encrypted or in plain text. Only this file converts between the two. */
interface ClientSecrets {
  readonly clientSecret: string;
  readonly botToken: string;
}

/**
 * Returns the additional authenticated data of a secret: its name and client id. It prevents a
 * secret that was copied to another client from being decrypted.
 */
export const secretContext = (name: keyof ClientSecrets, clientId: ClientId) =>
  `${name} of client ${clientId}`;

export function encryptSecret(
  keys: KeyRing,
  clientId: ClientId,
  name: keyof ClientSecrets,
  plain: string,
): string {
  return keys.encrypt(plain, secretContext(name, clientId));
}

export function decryptSecret(
  keys: KeyRing,
  row: { readonly id: ClientId } & Partial<ClientSecrets>,
  name: keyof ClientSecrets,
): string {
  return keys.decrypt(row[name] ?? '', secretContext(name, row.id));
}

/**
 * Locks the client until the transaction ends, and returns it. `change` blocks all other
 * `lockClient` calls; `use` blocks only calls with `change`. Unlike `for update`, neither blocks
 * inserting jobs, whose rows reference the client.
 */
export async function lockClient(
  { em, sql: db }: Transaction,
  id: ClientId,
  purpose: 'change' | 'use' = 'change',
): Promise<ClientRow> {
  const locked = db.selectFrom('client').select('id').where('id', '=', id);
  await (purpose === 'change' ? locked.forNoKeyUpdate() : locked.forShare()).execute();
  const row = await em.findOne(ClientEntity, { id });
  if (row === null) throw new InputError('NOT_FOUND', `client ${id} does not exist`);
  return row;
}

const SECRETS = ['botToken', 'clientSecret'] as const;

interface LostSecret {
  readonly name: keyof ClientSecrets;
  /** The id of the missing key. */
  readonly keyId: string;
}

/** Returns the client's secrets that cannot be decrypted because their key is missing. */
function lostSecrets(row: ClientRow, keys: KeyRing): readonly LostSecret[] {
  return SECRETS.map((name) => ({ name, keyId: keyIdOf(row[name]) })).filter(
    ({ keyId }) => !keys.keyIds.includes(keyId),
  );
}

/** Returns the stored pause of calls to Discord; null if no process has reported one. */
function sendingOf(row: ClientRow): SendingPause | null {
  const { sendingCause, sendingSince, sendingUntil } = row;
  return sendingCause && sendingSince && sendingUntil
    ? { cause: sendingCause, since: sendingSince, until: sendingUntil }
    : null;
}

/** Returns a client as the API shows it: everything but its secrets. */
export function clientView(row: ClientRow, keys: KeyRing) {
  return {
    id: row.id,
    name: row.name,
    guildId: row.guildId,
    applicationId: row.applicationId,
    callbackUrl: row.callbackUrl ?? null,
    inviteUrl: row.inviteUrl ?? null,
    isEnabled: row.isEnabled,
    authority: row.authority,
    unknownMembership: row.unknownMembership,
    nicknamePolicy: {
      strategy: row.nicknameStrategy,
      template: row.nicknameTemplate ?? null,
      onUnlink: row.nicknameOnUnlink,
    },
    removalGuard: { minimum: row.guardMinimum, percent: row.guardPercent },
    linking: { email: row.emailRule, keepsTokens: row.keepsTokens },
    screening: row.screening,
    isLive: row.isLive,
    handRemovals: row.handRemovals,
    wholeListWrites: row.wholeListWrites,
    auditRetentionDays: row.auditRetentionDays ?? null,
    endpoints: {
      apiBase: row.apiBase,
      authorizeUrl: row.authorizeUrl,
      tokenUrl: row.tokenUrl,
      revokeUrl: row.revokeUrl,
    },
    botUserId: row.botUserId ?? null,
    rolesReadAt: row.rolesReadAt ?? null,
    trouble: row.trouble ?? null,
    doubt: row.doubt ?? null,
    countsFault: row.countsFault ?? null,
    lostSecrets: lostSecrets(row, keys),
    stoppedAt: row.stoppedAt ?? null,
    pausedUntil: row.pausedUntil ?? null,
    sending: sendingOf(row),
    endingAt: row.endingAt ?? null,
    checks: row.checks,
    checkedAt: row.checkedAt ?? null,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

export interface ClientInput extends ClientSettings, ClientSecrets {
  readonly endpoints: Endpoints;
}

/** Converts settings to their columns; other properties of `input` are ignored. */
export function settingColumns(input: Omit<ClientInput, keyof ClientSecrets>) {
  const { nicknamePolicy, removalGuard, linking, endpoints } = input;
  return {
    name: input.name,
    applicationId: input.applicationId,
    callbackUrl: input.callbackUrl,
    inviteUrl: input.inviteUrl,
    isEnabled: input.isEnabled,
    authority: input.authority,
    unknownMembership: input.unknownMembership,
    nicknameStrategy: nicknamePolicy.strategy,
    nicknameTemplate: nicknamePolicy.template,
    nicknameOnUnlink: nicknamePolicy.onUnlink,
    guardMinimum: removalGuard.minimum,
    guardPercent: removalGuard.percent,
    emailRule: linking.email,
    keepsTokens: linking.keepsTokens,
    screening: input.screening,
    isLive: input.isLive,
    handRemovals: input.handRemovals,
    wholeListWrites: input.wholeListWrites,
    auditRetentionDays: input.auditRetentionDays,
    apiBase: endpoints.apiBase,
    authorizeUrl: endpoints.authorizeUrl,
    tokenUrl: endpoints.tokenUrl,
    revokeUrl: endpoints.revokeUrl,
  };
}

/** Encrypts the given secrets and skips absent ones. */
export function secretColumns(
  keys: KeyRing,
  id: ClientId,
  secrets: Partial<ClientSecrets>,
): Partial<ClientSecrets> {
  const { clientSecret, botToken } = secrets;
  return {
    ...(clientSecret !== undefined && {
      clientSecret: encryptSecret(keys, id, 'clientSecret', clientSecret),
    }),
    ...(botToken !== undefined && {
      botToken: encryptSecret(keys, id, 'botToken', botToken),
    }),
  };
}

/** SQL of a value that changes whenever the client's credentials may have changed. */
export const REVISION = sql<string>`extract(epoch from updated_at)::text`;

/**
 * The credentials for calling Discord on behalf of a client. `revision` changes whenever they may
 * have changed.
 */
interface Credentials extends Pick<
  ClientRow,
  'guildId' | 'applicationId' | 'apiBase' | 'botToken'
> {
  readonly clientId: ClientId;
  readonly revision: string;
}

export async function readCredentials(
  db: Db,
  keys: KeyRing,
  clientId: ClientId,
): Promise<Credentials> {
  const row = await db
    .selectFrom('client')
    .select(['guildId', 'applicationId', 'apiBase', 'botToken', REVISION.as('revision')])
    .where('id', '=', clientId)
    .executeTakeFirst();
  if (row === undefined) throw new InputError('NOT_FOUND', `client ${clientId} does not exist`);
  const botToken = decryptSecret(keys, { ...row, id: clientId }, 'botToken');
  return { ...row, clientId, botToken };
}
