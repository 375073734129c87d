import type { KeyRing } from '../../lib/encryption.js';
import type {
  Authority,
  ClientId,
  EmailRule,
  NicknameStrategy,
  UnknownMembership,
} from '../../model.js';
import type { ClientRow } from '../entities/client.entity.js';
import { encryptSecret } from './client-rows.js';

export interface ClientInput {
  readonly name: string;
  readonly applicationId: string;
  readonly callbackUrl: string | null;
  readonly inviteUrl: string | null;
  readonly isEnabled: boolean;
  readonly authority: Authority;
  readonly unknownMembership: UnknownMembership;
  readonly nicknamePolicy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
  };
  readonly removalGuard: { readonly minimum: number; readonly percent: number };
  readonly linking: {
    readonly email: EmailRule;
    readonly keepsTokens: boolean;
  };
  readonly wholeListWrites: boolean;
  readonly endpoints: {
    readonly apiBase: string;
    readonly authorizeUrl: string;
    readonly tokenUrl: string;
    readonly revokeUrl: string;
  };
  readonly clientSecret: string;
  readonly botToken: string;
}

/** Columns of the given settings only; secrets are encrypted here. */
export function changedColumns(
  keys: KeyRing,
  id: ClientId,
  input: Partial<ClientInput>,
): Partial<ClientRow> {
  const {
    nicknamePolicy,
    removalGuard,
    linking,
    endpoints,
    clientSecret,
    botToken,
    ...plain
  } = input;
  const columns: Partial<ClientRow> = { ...plain };
  if (nicknamePolicy !== undefined) {
    columns.nicknameStrategy = nicknamePolicy.strategy;
    columns.nicknameTemplate = nicknamePolicy.template;
  }
  if (removalGuard !== undefined) {
    columns.guardMinimum = removalGuard.minimum;
    columns.guardPercent = removalGuard.percent;
  }
  if (linking !== undefined) {
    columns.emailRule = linking.email;
    columns.keepsTokens = linking.keepsTokens;
  }
  if (clientSecret !== undefined)
    columns.clientSecret = encryptSecret(
      keys,
      id,
      'clientSecret',
      clientSecret,
    );
  if (botToken !== undefined) {
    columns.botToken = encryptSecret(keys, id, 'botToken', botToken);
    columns.botUserId = null;
  }
  return { ...columns, ...endpoints };
}

/** The same, where every setting is given. */
export function requiredColumns(
  keys: KeyRing,
  id: ClientId,
  input: ClientInput,
) {
  const {
    nicknamePolicy,
    removalGuard,
    linking,
    endpoints,
    clientSecret,
    botToken,
    ...plain
  } = input;
  return {
    ...plain,
    ...endpoints,
    nicknameStrategy: nicknamePolicy.strategy,
    nicknameTemplate: nicknamePolicy.template,
    guardMinimum: removalGuard.minimum,
    guardPercent: removalGuard.percent,
    emailRule: linking.email,
    keepsTokens: linking.keepsTokens,
    clientSecret: encryptSecret(keys, id, 'clientSecret', clientSecret),
    botToken: encryptSecret(keys, id, 'botToken', botToken),
  };
}
