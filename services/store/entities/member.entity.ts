import { defineEntity, p } from '@mikro-orm/core';

import type { DiscordUserId, JoinRefusal, LinkId, PlatformUserId, RoleId } from '../../model.js';
import { clientId } from './client.entity.js';

/** The mirror: each member of a guild as last read, and what the last run left. */
export const MemberEntity = defineEntity({
  name: 'Member',
  tableName: 'member',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    readAt: p
      .datetime()
      .nullable()
      .comment('null: Discord was never asked, the mirror is empty for want of knowledge'),
    isPresent: p.boolean().default(true),
    roleIds: p.array<RoleId>().defaultRaw(`'{}'`),
    username: p.text().nullable(),
    displayName: p.text().nullable(),
    nickname: p.text().nullable(),
    isPending: p.boolean().default(false),
    timedOutUntil: p.datetime().nullable(),
    state: p.enum(['IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING']).nullable(),
    reason: p.text().nullable(),
    lastReconciledAt: p.datetime().nullable(),
    doneVersion: p.bigint('number').defaultRaw('0'),
    joinRefusal: p
      .text()
      .$type<JoinRefusal>()
      .nullable()
      .comment('why Discord last did not let the person in; null once they are seen in the guild'),
    nicknameRefused: p
      .text()
      .nullable()
      .comment(
        'asked for, and refused by Discord or kept as another text: not tried again for a day',
      ),
    nicknameRefusedAt: p.datetime().nullable(),
    joinedAt: p
      .datetime()
      .nullable()
      .comment(
        'when the account came into the guild, as Discord says; another time: it was away meanwhile',
      ),
    rolesLostAt: p
      .datetime()
      .nullable()
      .comment('when a reading last lacked a role without a mapping that the one before showed'),
    absentSince: p
      .datetime()
      .nullable()
      .comment(
        'the first of the answers in a row that the account is not in the guild; -infinity: a complete list lacked it; null: it is',
      ),
    leftRoleIds: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment('the roles it was last seen with, while it is not in the guild'),
    rolesReadAt: p
      .datetime()
      .nullable()
      .comment('when Discord last answered with all of role_ids; null: before this was kept'),
    nicknameSetHash: p
      .text()
      .nullable()
      .comment(
        'SHA-256 of what Discord showed after the connector last set a nickname; null: never set, or reset',
      ),
    parking: p
      .json()
      .$type<readonly { readonly cause: string; readonly endedBy: string }[]>()
      .nullable()
      .comment(
        'of a parked member, [{cause, endedBy}] in words that fit every member with that cause; null: parked before this column existed, or not parked',
      ),
    isBot: p.boolean().default(false),
  },
  indexes: [
    { name: 'member_roles', properties: ['roleIds'], type: 'gin' },
    { name: 'member_state', properties: ['clientId', 'state'] },
    { name: 'member_screened', properties: ['clientId', 'readAt'], where: 'is_pending' },
    { name: 'member_bot', properties: ['discordUserId'], where: 'is_bot' },
  ],
});

/** Accounts whose link ended because they had left, remembered for their return. */
export const DepartedAccountEntity = defineEntity({
  name: 'DepartedAccount',
  tableName: 'departed_account',
  comment:
    'its link ended because it had left the guild; if it returns with one of these roles, the link ends once more',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    linkId: p.uuid().$type<LinkId>(),
    platformUserId: p.text().$type<PlatformUserId>(),
    isEndAskedFor: p.boolean(),
    roleIds: p.array<RoleId>(),
    endedAt: p.datetime(),
  },
});

/** Accounts that hold a mapped role and have no link. */
export const UnlinkedHolderEntity = defineEntity({
  name: 'UnlinkedHolder',
  tableName: 'unlinked_holder',
  comment:
    'written by listings alone, and only where something differs; linking an account deletes its rows',
  properties: {
    clientId: clientId().primary(),
    roleId: p.text().$type<RoleId>().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    username: p.text(),
    displayName: p.text().nullable(),
    nickname: p.text().nullable(),
    isBot: p.boolean(),
  },
  indexes: [
    {
      name: 'unlinked_holder_account',
      expression:
        'create index unlinked_holder_account on unlinked_holder (client_id, (discord_user_id::numeric))',
    },
  ],
});
