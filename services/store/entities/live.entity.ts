import { defineEntity, p } from '@mikro-orm/core';

import type { DiscordUserId, LiveState, RoleId } from '../../model.js';
import { clientId } from './client.entity.js';

/** What the gateway session of a client's bot currently knows about the guild. */
export const LiveGuildEntity = defineEntity({
  name: 'LiveGuild',
  tableName: 'live_guild',
  comment: `written by the process that holds the bot's gateway session; no row: never live`,
  properties: {
    clientId: clientId().primary(),
    state: p
      .enum(['CONNECTING', 'CATCHING_UP', 'LIVE', 'POLLING'])
      .$type<Exclude<LiveState, 'OFF'>>(),
    reason: p.text().nullable().comment('why events do not arrive; null: they do'),
    since: p.datetime().comment('when the state began'),
    gapAt: p
      .datetime()
      .nullable()
      .comment(
        'when events were last missed: a member list requested later ends the gap; null: no gap',
      ),
    liveUntil: p
      .datetime()
      .nullable()
      .comment('the mirror counts as live until then; every heartbeat of the session extends it'),
    unavailableSince: p
      .datetime()
      .nullable()
      .comment('when Discord reported an outage of the guild; null: none'),
    lastEventAt: p.datetime().nullable(),
    missed: p
      .bigint('number')
      .defaultRaw('0')
      .comment('differences that sweeps found and events should have shown'),
  },
});

/** Gateway sessions, kept so that another process or a restarted one can resume them. */
export const GatewaySessionEntity = defineEntity({
  name: 'GatewaySession',
  tableName: 'gateway_session',
  comment: 'useless without the bot token',
  properties: {
    applicationId: p.text().primary(),
    shardId: p.integer().primary(),
    shardCount: p.integer(),
    sessionId: p.text(),
    resumeUrl: p.text(),
    sequence: p
      .bigint('number')
      .comment('the last event whose effects are stored; saved in the same transaction'),
    savedAt: p.datetime(),
  },
});

/** How often each bot may still identify, as Discord last said. */
export const GatewayStartEntity = defineEntity({
  name: 'GatewayStart',
  tableName: 'gateway_start',
  properties: {
    applicationId: p.text().primary(),
    remaining: p.integer().comment('identifies left until resets_at'),
    resetsAt: p.datetime(),
    nextAt: p.datetime().comment('the next identify may not come earlier'),
  },
});

/** The last change of a member's mapped role that the connector did not make. */
export const HandChangeEntity = defineEntity({
  name: 'HandChange',
  tableName: 'hand_change',
  comment: 'deleted when a newer fact about the role arrives, and a day after the last change',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    roleId: p.text().$type<RoleId>().primary(),
    isGiven: p.boolean().comment('true: the role was given; false: it was taken'),
    changedAt: p.datetime(),
    byDiscordUserId: p
      .text()
      .$type<DiscordUserId>()
      .nullable()
      .comment(`from the guild's audit log; null: unknown`),
    byName: p.text().nullable(),
    entryId: p.text().nullable().comment(`the audit log entry's id, which contains its time`),
    isHeld: p
      .boolean()
      .default(false)
      .comment('hand_removals is HOLD: the role is not given back until an admin or a fact does'),
    reversals: p
      .integer()
      .default(0)
      .comment('how often the connector was reversed since reversed_since'),
    reversedSince: p.datetime().nullable(),
    disputedSince: p
      .datetime()
      .nullable()
      .comment('after three reversals within ten minutes; null: not disputed'),
    nextTryAt: p.datetime().nullable().comment('when a disputed change is tried again'),
    tries: p.integer().default(0),
  },
  indexes: [{ name: 'hand_change_at', properties: ['changedAt'] }],
});
