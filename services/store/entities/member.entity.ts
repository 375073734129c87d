import { defineEntity, p } from '@mikro-orm/core';

import type { DiscordUserId, JoinRefusal, LinkId, PlatformUserId, RoleId } from '../../model.js';
import { clientId } from './client.entity.js';

/** The mirror: each member of a guild as last read, and the result of the last run. */
export const MemberEntity = defineEntity({
  name: 'Member',
  tableName: 'member',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    readAt: p
      .datetime()
      .nullable()
      .comment('when Discord last returned the member; null: never, so the mirror is unknown'),
    isPresent: p.boolean().default(true),
    roleIds: p.array<RoleId>().defaultRaw(`'{}'`),
    username: p.text().nullable(),
    displayName: p.text().nullable(),
    nickname: p.text().nullable(),
    isPending: p.boolean().default(false),
    timedOutUntil: p.datetime().nullable(),
    state: p.enum(['IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING', 'DISPUTED']).nullable(),
    reason: p.text().nullable(),
    lastReconciledAt: p.datetime().nullable(),
    doneVersion: p.bigint('number').defaultRaw('0'),
    joinRefusal: p
      .text()
      .$type<JoinRefusal>()
      .nullable()
      .comment(
        'why Discord last refused to add the account to the guild; null once the account is a member',
      ),
    nicknameRefused: p
      .text()
      .nullable()
      .comment(
        'a nickname that Discord refused or stored as different text; not tried again for a day',
      ),
    nicknameRefusedAt: p.datetime().nullable(),
    joinedAt: p
      .datetime()
      .nullable()
      .comment(
        'when the account joined the guild, from Discord; a different value means that it left and rejoined',
      ),
    rolesLostAt: p
      .datetime()
      .nullable()
      .comment('when a reading last lacked an unmapped role that the previous reading showed'),
    absentSince: p
      .datetime()
      .nullable()
      .comment(
        'the first of several consecutive answers that the account is not in the guild; -infinity: a complete member list lacked it; null: it is in the guild',
      ),
    leftRoleIds: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment('its last observed roles, while it is not in the guild'),
    rolesReadAt: p
      .datetime()
      .nullable()
      .comment('when Discord last returned all roles; null: unknown'),
    nicknameSetHash: p
      .text()
      .nullable()
      .comment(
        'SHA-256 of the nickname that Discord returned when the connector last set it; null: never set, or reset',
      ),
    parking: p
      .json()
      .$type<readonly { readonly cause: string; readonly endedBy: string }[]>()
      .nullable()
      .comment(
        '[{cause, endedBy}] of a parked member, in words that fit every member with that cause; null: not parked, or parked by a version without this column',
      ),
    isBot: p.boolean().default(false),
    liveAt: p
      .datetime()
      .nullable()
      .comment('when a gateway event last showed the member; null: never'),
    renamedByHandAt: p
      .array<Date>()
      .columnType('timestamptz[]')
      .defaultRaw(`'{}'`)
      .comment(
        'when others last changed the nickname against the policy; older than an hour: forgotten',
      ),
  },
  indexes: [
    { name: 'member_roles', properties: ['roleIds'], type: 'gin' },
    { name: 'member_state', properties: ['clientId', 'state'] },
    { name: 'member_screened', properties: ['clientId', 'readAt'], where: 'is_pending' },
    { name: 'member_bot', properties: ['discordUserId'], where: 'is_bot' },
  ],
});

/** Accounts whose link ended because they left the guild, kept in case they return. */
export const DepartedAccountEntity = defineEntity({
  name: 'DepartedAccount',
  tableName: 'departed_account',
  comment:
    'accounts whose link ended after they left the guild; if one returns with these roles, the roles are removed again',
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
    'written only by member lists, where something changed; linking an account deletes its rows',
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
