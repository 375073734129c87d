import { defineEntity, p } from '@mikro-orm/core';

import type { Cause, DiscordUserId, Lane, RoleId } from '../../model.js';
import { clientId } from './client.entity.js';

/** Members to reconcile, one job per member. */
export const ReconcileJobEntity = defineEntity({
  name: 'ReconcileJob',
  tableName: 'reconcile_job',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    version: p
      .bigint('number')
      .defaultRaw(`nextval('reconcile_version')`)
      // The schema generator cannot compare a default taken from a sequence.
      .ignoreSchemaChanges('default')
      .comment(
        'raised by every mark; a run deletes its job only if the version is still the one it read',
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
      .comment('time of the oldest unsettled mark; later marks do not change it'),
    claimNumber: p
      .bigint('number')
      .nullable()
      .comment('the number of the claim by claimed_by, counted from the start of that process'),
    removals: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment(
        'roles that the marks would remove, as judged when the member was marked; they count towards the removal guard until the run begins',
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

/** The process that currently uses each bot. */
export const BotLeaseEntity = defineEntity({
  name: 'BotLease',
  tableName: 'bot_lease',
  comment: `at most one process uses a bot at a time, which keeps it within Discord's rate limits`,
  properties: {
    applicationId: p.text().primary(),
    owner: p.text(),
    leasedUntil: p.datetime(),
  },
});

/** The processes that reconcile members. */
export const WorkerEntity = defineEntity({
  name: 'Worker',
  tableName: 'worker',
  comment: 'processes that run the path and share the bots',
  properties: {
    owner: p.text().primary(),
    liveUntil: p.datetime(),
  },
});
