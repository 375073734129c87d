import { defineEntity, p } from '@mikro-orm/core';

import type { ClientId, DiscordUserId } from '../../model.js';
import { clientId } from './client.entity.js';
import { PlatformUserEntity } from './platform.entity.js';

/** Invitations to link an account by signing in at Discord. */
export const LinkTicketEntity = defineEntity({
  name: 'LinkTicket',
  tableName: 'link_ticket',
  properties: {
    ticketHash: p.text().primary(),
    clientId: clientId(),
    platformUserId: p.manyToOne(PlatformUserEntity).mapToPk().joinColumn('platform_user_id'),
    email: p.text().nullable().comment('written by earlier versions only'),
    returnTo: p.text().nullable(),
    expiresAt: p.datetime(),
    browserHash: p
      .text()
      .nullable()
      .comment('hash of the browser that continued first; no other browser may use the ticket'),
    stateHash: p.text().nullable().unique(),
    codeVerifier: p.text().nullable().comment('AES-256-GCM, prefixed with the key id'),
    spentAt: p.datetime().nullable(),
    emailCipher: p
      .text()
      .nullable()
      .comment('AES-256-GCM, prefixed with the key id; null once the ticket is spent'),
    attempt: p
      .text()
      .nullable()
      .comment('the request that spent the ticket; only the same request may repeat it'),
  },
  indexes: [{ name: 'link_ticket_expiry', properties: ['expiresAt'] }],
});

/** Tokens of people who signed in. */
export const DiscordGrantEntity = defineEntity({
  name: 'DiscordGrant',
  tableName: 'discord_grant',
  properties: {
    id: p.uuid().$type<string>().primary(),
    clientId: clientId(),
    discordUserId: p.text().$type<DiscordUserId>(),
    accessToken: p.text().comment('AES-256-GCM, prefixed with the key id; so is refresh_token'),
    refreshToken: p.text().nullable(),
    scopes: p.array(),
    expiresAt: p.datetime(),
    isJoinWanted: p.boolean(),
  },
  indexes: [
    {
      name: 'discord_grant_one_per_member',
      expression:
        'create unique index discord_grant_one_per_member on discord_grant (client_id, discord_user_id)',
    },
    { name: 'discord_grant_account', properties: ['discordUserId'] },
  ],
});

/** Tokens to revoke at Discord. */
export const RevocationEntity = defineEntity({
  name: 'Revocation',
  tableName: 'revocation',
  comment: 'contains everything needed to revoke, so that it survives the deletion of its client',
  properties: {
    id: p.uuid().$type<string>().primary(),
    clientId: p.uuid().$type<ClientId>(),
    applicationId: p.text(),
    discordUserId: p.text().$type<DiscordUserId>().nullable(),
    accessToken: p.text(),
    refreshToken: p.text().nullable(),
    scopes: p.array(),
    expiresAt: p.datetime(),
    clientSecret: p.text(),
    apiBase: p.text(),
    authorizeUrl: p.text(),
    tokenUrl: p.text(),
    revokeUrl: p.text(),
    dueAt: p.datetime(),
    attempts: p.integer().default(0),
    claimedBy: p
      .text()
      .nullable()
      .comment('the process that is revoking it, until due_at; null: unclaimed'),
  },
  indexes: [
    { name: 'revocation_due', properties: ['dueAt'] },
    {
      name: 'revocation_claim',
      properties: ['claimedBy'],
      where: 'claimed_by is not null',
    },
  ],
});
