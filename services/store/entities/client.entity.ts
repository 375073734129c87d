import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type {
  Authority,
  ClientId,
  DiscordUserId,
  EmailRule,
  GuildId,
  NicknameOnUnlink,
  NicknameStrategy,
  Screening,
  UnknownMembership,
} from '../../model.js';

import type { KeptCheck } from '../clients/checks.js';

/**
 * `clientSecret` and `botToken` are ciphertext; `clients/client-rows.ts` alone reads and writes
 * them.
 */
export const ClientEntity = defineEntity({
  name: 'Client',
  tableName: 'client',
  properties: {
    id: p.uuid().$type<ClientId>().primary(),
    name: p.text(),
    guildId: p.text().$type<GuildId>(),
    applicationId: p.text(),
    clientSecret: p.text(),
    botToken: p.text(),
    callbackUrl: p.text().nullable(),
    inviteUrl: p.text().nullable(),
    isEnabled: p.boolean().$type<boolean>(),
    authority: p.text().$type<Authority>(),
    unknownMembership: p.text().$type<UnknownMembership>(),
    nicknameStrategy: p.text().$type<NicknameStrategy>(),
    nicknameTemplate: p.text().nullable(),
    nicknameOnUnlink: p.text().$type<NicknameOnUnlink>(),
    guardMinimum: p.integer(),
    guardPercent: p.double().$type<number>(),
    emailRule: p.text().$type<EmailRule>(),
    keepsTokens: p.boolean(),
    screening: p.text().$type<Screening>(),
    wholeListWrites: p.boolean(),
    auditRetentionDays: p.integer().nullable(),
    apiBase: p.text(),
    authorizeUrl: p.text(),
    tokenUrl: p.text(),
    revokeUrl: p.text(),
    botUserId: p.text().$type<DiscordUserId>().nullable(),
    rolesReadAt: p.datetime().nullable(),
    stoppedAt: p.datetime().nullable(),
    pausedUntil: p.datetime().nullable(),
    pauseCount: p.integer().default(0),
    trouble: p.text().nullable(),
    sendingCause: p.text().nullable(),
    sendingSince: p.datetime().nullable(),
    sendingUntil: p.datetime().nullable(),
    doubt: p.text().nullable(),
    countsFault: p.text().nullable(),
    endingAt: p.datetime().nullable(),
    checks: p.json().$type<readonly KeptCheck[]>().default([]),
    checkedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});

export type ClientRow = InferEntity<typeof ClientEntity>;
