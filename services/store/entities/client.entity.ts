import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type {
  Authority,
  ClientId,
  DiscordUserId,
  EmailRule,
  GuildId,
  HandRemovals,
  NicknameOnUnlink,
  NicknameStrategy,
  Screening,
  UnknownMembership,
} from '../../model.js';

export interface KeptCheck {
  readonly name: string;
  readonly result: 'OK' | 'WARNING' | 'FAILED';
  readonly message: string;
  readonly remedy: string | null;
}

/**
 * Clients. `clientSecret` and `botToken` are ciphertext; only `clients/client-rows.ts` encrypts and
 * decrypts them.
 */
export const ClientEntity = defineEntity({
  name: 'Client',
  tableName: 'client',
  properties: {
    id: p.uuid().$type<ClientId>().primary(),
    name: p.text(),
    guildId: p.text().$type<GuildId>().unique(),
    applicationId: p.text(),
    clientSecret: p.text().comment('AES-256-GCM, prefixed with the key id; so is bot_token'),
    botToken: p.text(),
    callbackUrl: p.text().nullable(),
    inviteUrl: p.text().nullable(),
    isEnabled: p.boolean().$type<boolean>(),
    authority: p.enum(['PLATFORM', 'DISCORD', 'OBSERVE']).$type<Authority>(),
    unknownMembership: p.enum(['KEEP', 'REMOVE']).$type<UnknownMembership>(),
    nicknameStrategy: p.enum(['NONE', 'TEMPLATE', 'EVE_ONLINE']).$type<NicknameStrategy>(),
    nicknameTemplate: p.text().nullable(),
    guardMinimum: p.integer().check('guard_minimum >= 0'),
    guardPercent: p.double().$type<number>().check('guard_percent between 0 and 100'),
    emailRule: p.enum(['NONE', 'WARN', 'REQUIRE']).$type<EmailRule>(),
    keepsTokens: p.boolean(),
    wholeListWrites: p.boolean(),
    apiBase: p.text(),
    authorizeUrl: p.text(),
    tokenUrl: p.text(),
    revokeUrl: p.text(),
    botUserId: p.text().$type<DiscordUserId>().nullable(),
    rolesReadAt: p.datetime().nullable(),
    stoppedAt: p
      .datetime()
      .nullable()
      .comment('when Discord rejected the bot token; nothing is sent until the token is replaced'),
    pausedUntil: p
      .datetime()
      .nullable()
      .comment(
        'nothing is sent before this time, because the bot seems to have left the guild or the guild refuses too many calls',
      ),
    pauseCount: p.integer().default(0),
    trouble: p.text().nullable(),
    endingAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    checks: p.json().$type<readonly KeptCheck[]>().default([]),
    checkedAt: p
      .datetime()
      .nullable()
      .comment('when the last daily check began; the next is due a day later'),
    doubt: p
      .text()
      .nullable()
      .comment('why the last member list looked incomplete; null: it was accepted'),
    guildOwnerId: p
      .text()
      .$type<DiscordUserId>()
      .nullable()
      .comment(`the guild's owner, whom no bot can rename; null: not read yet`),
    auditRetentionDays: p
      .integer()
      .nullable()
      .check('audit_retention_days >= 1')
      .comment('null: the default of 400 days'),
    countsFault: p
      .text()
      .nullable()
      .comment(
        'why Discord did not return the number of role holders at the last sweep; null: it did',
      ),
    sendingCause: p
      .text()
      .nullable()
      .comment(
        'why the process that uses this bot has paused its calls; a copy for display, the process holds the pause',
      ),
    sendingSince: p.datetime().nullable(),
    sendingUntil: p
      .datetime()
      .nullable()
      .comment('when the next call is tried; in the past: the pause or its process has ended'),
    checkClaimedBy: p
      .text()
      .nullable()
      .comment('the process that runs the daily check, until check_claimed_until'),
    checkClaimedUntil: p.datetime().nullable(),
    nicknameOnUnlink: p.enum(['RESET', 'KEEP']).$type<NicknameOnUnlink>().default('RESET'),
    screening: p.enum(['WAIT', 'IGNORE']).$type<Screening>().default('WAIT'),
    isLive: p
      .boolean()
      .$type<boolean>()
      .default(true)
      .comment('false: no gateway session; changes on Discord are found by polling'),
    handRemovals: p.enum(['RESTORE', 'HOLD']).$type<HandRemovals>().default('RESTORE'),
  },
});

export type ClientRow = InferEntity<typeof ClientEntity>;

/** The column `client_id` of nearly every table. Deleting a client deletes its rows. */
export const clientId = () =>
  p
    .manyToOne(ClientEntity)
    .mapToPk()
    .joinColumn('client_id')
    .updateRule('no action')
    .deleteRule('cascade');
