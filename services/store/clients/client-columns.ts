import type { KeyRing } from '../../lib/encryption.js';
import type { ClientId, ClientSettings, Endpoints } from '../../model.js';
import { encryptSecret, type ClientSecrets } from './client-rows.js';

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
    wholeListWrites: input.wholeListWrites,
    auditRetentionDays: input.auditRetentionDays,
    apiBase: endpoints.apiBase,
    authorizeUrl: endpoints.authorizeUrl,
    tokenUrl: endpoints.tokenUrl,
    revokeUrl: endpoints.revokeUrl,
  };
}

/** The given secrets, encrypted. */
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
