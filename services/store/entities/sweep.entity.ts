import { defineEntity, p } from '@mikro-orm/core';

import type { Cause, DiscordUserId, NicknameStrategy, SweepKind, SweepState } from '../../model.js';
import type { SweepPlan } from '../../sweep/ports.js';
import { clientId } from './client.entity.js';

/** Schedules: when each kind of sweep runs for a client. */
export const ScheduleEntity = defineEntity({
  name: 'Schedule',
  tableName: 'schedule',
  properties: {
    clientId: clientId().primary(),
    kind: p
      .enum(['VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES'])
      .$type<SweepKind>()
      .primary(),
    cron: p.text(),
    timeZone: p.text(),
    isEnabled: p.boolean(),
    lastRunAt: p.datetime().nullable(),
    nextRunAt: p.datetime().nullable().comment('null: the schedule is off'),
    skippedReason: p
      .text()
      .nullable()
      .comment('why no sweep started at the last due time; null: one did'),
  },
  indexes: [
    {
      name: 'schedule_due',
      properties: ['nextRunAt'],
      where: 'next_run_at is not null',
    },
  ],
});

/** Sweep runs: waiting, running, held or finished. */
export const SweepEntity = defineEntity({
  name: 'Sweep',
  tableName: 'sweep',
  properties: {
    id: p.uuid().$type<string>().primary(),
    clientId: clientId(),
    kind: p
      .enum(['VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES', 'CHANGES'])
      .$type<SweepKind>(),
    state: p
      .enum(['WAITING', 'RUNNING', 'HELD', 'APPROVED', 'REJECTED', 'DONE', 'FAILED', 'CANCELLED'])
      .$type<SweepState>(),
    isDryRun: p.boolean(),
    plan: p
      .json()
      .$type<SweepPlan>()
      .nullable()
      .comment('the plan of a held sweep until it is approved or rejected; see removal_decision'),
    checked: p.integer().default(0),
    drifted: p.integer().default(0),
    changed: p
      .integer()
      .default(0)
      .comment(
        'members changed by the sweep itself; changes made by the path are counted from the audit records',
      ),
    failed: p.integer().default(0),
    reason: p.text().nullable(),
    cause: p.json().$type<Cause>(),
    attempts: p
      .integer()
      .default(0)
      .comment('how often it was started, because another process takes over from a dead one'),
    owner: p.text().nullable(),
    leasedUntil: p.datetime().nullable(),
    startedAt: p.datetime().defaultRaw('clock_timestamp()'),
    finishedAt: p.datetime().nullable(),
    decidedBy: p.text().nullable(),
    decidedAt: p.datetime().nullable(),
    enforceStrategy: p
      .enum(['NONE', 'TEMPLATE', 'EVE_ONLINE'])
      .$type<NicknameStrategy>()
      .nullable(),
    notBefore: p.datetime().nullable().comment('the earliest start, if it was postponed'),
    parked: p
      .integer()
      .default(0)
      .comment('drifted members that were already parked, and that the sweep does not retry'),
  },
  uniques: [
    {
      name: 'sweep_one_at_a_time',
      properties: ['clientId', 'kind'],
      where: `state in ('WAITING', 'RUNNING')`,
    },
    { name: 'sweep_one_held', properties: ['clientId', 'kind'], where: `state = 'HELD'` },
  ],
  indexes: [
    { name: 'sweep_page', properties: ['clientId', 'id'] },
    { name: 'sweep_open', properties: ['id'], where: `state in ('WAITING', 'RUNNING')` },
    { name: 'sweep_held', properties: ['clientId'], where: `state = 'HELD'` },
    {
      name: 'sweep_over',
      properties: ['clientId', 'finishedAt'],
      where: 'finished_at is not null',
    },
    {
      name: 'sweep_verified',
      properties: ['clientId', 'finishedAt'],
      where: `(kind = 'VERIFY_GROUPS') and (state in ('DONE', 'HELD')) and (not is_dry_run)`,
    },
    {
      name: 'sweep_people',
      expression: `create index sweep_people on sweep using gin (jsonb_path_query_array(plan, '$.members[*].platformUserId') jsonb_path_ops) where plan is not null`,
    },
  ],
});

/** Members that a sweep has marked to be reconciled. */
export const SweepMarkEntity = defineEntity({
  name: 'SweepMark',
  tableName: 'sweep_mark',
  comment: 'members that a sweep has marked',
  properties: {
    sweepId: p
      .manyToOne(SweepEntity)
      .mapToPk()
      .joinColumn('sweep_id')
      .primary()
      .deleteRule('cascade'),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
  },
});

/** Results of the last member list of each guild. */
export const GuildListingEntity = defineEntity({
  name: 'GuildListing',
  tableName: 'guild_listing',
  properties: {
    clientId: clientId().primary(),
    unlinkedHolders: p
      .json()
      .$type<Readonly<Record<string, number>>>()
      .comment('role id -> number of holders without a link at the last member list'),
    runsSince: p
      .integer()
      .default(0)
      .comment('runs since the last member list that found the expected role counts'),
    listedAt: p
      .datetime()
      .nullable()
      .comment(
        'when the last complete member list was requested; null: never, or the bot may not list members',
      ),
    listedCount: p
      .integer()
      .nullable()
      .comment('members of the guild in the last complete member list, linked or not'),
  },
});
