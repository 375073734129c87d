import { defineEntity, p } from '@mikro-orm/core';

import type { Cause, DiscordUserId, Lane, RoleId } from '../../model.js';
import { clientId } from './client.entity.js';

/** Members to reconcile: one job a member. */
export const ReconcileJobEntity = defineEntity({
  name: 'ReconcileJob',
  tableName: 'reconcile_job',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    version: p
      .bigint('number')
      .defaultRaw(`nextval('reconcile_version')`)
      // The generator cannot compare a sequence's default.
      .ignoreSchemaChanges('default')
      .comment(
        'raised by every mark; completing removes the job only if it is still the claimed one',
      ),
    lane: p.smallint().$type<Lane>(),
    dueAt: p.datetime(),
    attempts: p.integer().default(0),
    causes: p.json().$type<readonly Cause[]>(),
    claimedVersion: p.bigint('number').nullable(),
    claimedBy: p.text().nullable(),
    claimedCauses: p.json().$type<readonly Cause[]>().default([]),
    isParked: p.boolean().default(false),
    markedAt: p
      .datetime()
      .defaultRaw('now()')
      .comment('of the first mark that is not settled; a later one leaves it'),
    claimNumber: p
      .bigint('number')
      .nullable()
      .comment('which of the claims of claimed_by, counted from the start of that process'),
    removals: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment(
        'roles to be removed by what has marked the member, as judged then; they count until the run begins',
      ),
  },
  indexes: [
    {
      name: 'reconcile_job_next',
      columns: [{ name: 'clientId' }, { name: 'lane', sort: 'DESC' }, { name: 'dueAt' }],
    },
    { name: 'reconcile_job_due', properties: ['clientId', 'dueAt'] },
    { name: 'reconcile_job_removals', properties: ['clientId'], where: `removals <> '{}'` },
  ],
});

/** Which process works which bot. */
export const BotLeaseEntity = defineEntity({
  name: 'BotLease',
  tableName: 'bot_lease',
  comment: `at most one process works a bot at a time, so that Discord's limits hold`,
  properties: {
    applicationId: p.text().primary(),
    owner: p.text(),
    leasedUntil: p.datetime(),
  },
});

/** The processes that run the path. */
export const WorkerEntity = defineEntity({
  name: 'Worker',
  tableName: 'worker',
  comment: 'processes that run the path; each may hold its share of the bots',
  properties: {
    owner: p.text().primary(),
    liveUntil: p.datetime(),
  },
});
