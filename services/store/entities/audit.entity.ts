import { defineEntity, p } from '@mikro-orm/core';

import type {
  AuditRecordId,
  Cause,
  ClientId,
  DiscordUserId,
  GuildId,
  Outcome,
  PlatformUserId,
  RemovalVerdict,
  RoleId,
} from '../../model.js';
import { clientId } from './client.entity.js';
import { SweepEntity } from './sweep.entity.js';

/** Audit records: what was planned for a member, why, and the outcome. */
export const AuditRecordEntity = defineEntity({
  name: 'AuditRecord',
  tableName: 'audit_record',
  properties: {
    id: p.uuid().$type<AuditRecordId>().primary(),
    clientId: p.uuid().$type<ClientId>(),
    discordUserId: p.text().$type<DiscordUserId>(),
    platformUserId: p.text().$type<PlatformUserId>().nullable(),
    causes: p.json().$type<readonly Cause[]>(),
    plannedAdded: p.array<RoleId>(),
    plannedRemoved: p.array<RoleId>(),
    guardedRemoved: p
      .array<RoleId>()
      .comment('planned removals that count against the removal guard'),
    added: p.array<RoleId>().defaultRaw(`'{}'`),
    removed: p.array<RoleId>().defaultRaw(`'{}'`),
    nickname: p.text().nullable(),
    outcome: p
      .enum(['APPLIED', 'UNCHANGED', 'ABSENT', 'HELD', 'PARKED', 'DISPUTED'])
      .$type<Outcome>()
      .nullable(),
    reason: p.text().nullable(),
    openedAt: p.datetime(),
    closedAt: p.datetime().nullable(),
    plannedNickname: p.text().nullable(),
    closedXid: p
      .string()
      .columnType('xid8')
      .nullable()
      .comment(
        'the transaction that closed the record; comparing it with two snapshots gives the records closed between them',
      ),
    guildId: p
      .text()
      .$type<GuildId>()
      .nullable()
      .comment('null: written before the guard counted by guild'),
    takenBack: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment(
        'planned removals requested with holders: TAKE_BACK; they count for their role but are never held',
      ),
    ensuredAdded: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment(
        'open record: planned roles that the last reading already showed, or all if nothing was read; closed record: the ones the member held at the end',
      ),
    ensuredRemoved: p
      .array<RoleId>()
      .defaultRaw(`'{}'`)
      .comment(
        'open record: planned removals of roles that the last reading did not show; closed record: the ones the member lacked at the end',
      ),
  },
  uniques: [
    {
      name: 'audit_record_open',
      properties: ['clientId', 'discordUserId'],
      where: 'closed_at is null',
    },
  ],
  indexes: [
    { name: 'audit_record_page', properties: ['clientId', 'id'] },
    { name: 'audit_record_member', properties: ['clientId', 'discordUserId', 'id'] },
    { name: 'audit_record_person', properties: ['platformUserId', 'id'] },
    {
      name: 'audit_record_guard',
      properties: ['guildId', 'openedAt'],
      where: `(guarded_removed <> '{}') or (taken_back <> '{}')`,
    },
    {
      name: 'audit_record_given',
      properties: ['guildId', 'openedAt'],
      where: `added <> '{}'`,
    },
    {
      name: 'audit_record_closed',
      properties: ['closedXid', 'id'],
      where: 'closed_xid is not null',
    },
    {
      name: 'audit_record_authors',
      expression: `create index audit_record_authors on audit_record using gin (cause_authors(causes)) where causes @> '[{"kind": "DISCORD"}]'`,
    },
  ],
});

/** Removals held for approval, approved or rejected. */
export const RemovalDecisionEntity = defineEntity({
  name: 'RemovalDecision',
  tableName: 'removal_decision',
  comment:
    'deleted by a newer fact, mapping or link; a held or approved one also once it is carried out',
  properties: {
    clientId: clientId().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    roleId: p.text().$type<RoleId>().primary(),
    verdict: p.enum(['HELD', 'APPROVED', 'REJECTED']).$type<RemovalVerdict>(),
    ground: p.enum(['LIMIT', 'NEW_MAPPING']),
    sweepId: p
      .manyToOne(SweepEntity)
      .mapToPk()
      .joinColumn('sweep_id')
      .nullable()
      .deleteRule('set null'),
    reason: p.text(),
    decidedAt: p.datetime().defaultRaw('clock_timestamp()'),
    heldBy: p
      .enum(['MEMBERSHIP', 'USER_DELETED', 'GROUP_DELETED', 'SWEEP', 'OTHER'])
      .nullable()
      .comment('the kind of cause; null: not held because of a limit'),
    isStream: p
      .boolean()
      .default(false)
      .comment('true: single removals that exceeded the limit only together; false: one burst'),
  },
  indexes: [
    { name: 'removal_decision_sweep', properties: ['sweepId', 'discordUserId'] },
    {
      name: 'removal_decision_rejected',
      properties: ['clientId', 'discordUserId'],
      where: `verdict = 'REJECTED'`,
    },
    { name: 'removal_decision_held', properties: ['clientId'], where: `verdict = 'HELD'` },
    {
      name: 'removal_decision_role',
      properties: ['clientId', 'roleId'],
      where: `verdict = 'HELD'`,
    },
  ],
});

/** Removals requested from the platform, for the removal guard to count. */
export const AskedRemovalEntity = defineEntity({
  name: 'AskedRemoval',
  tableName: 'asked_removal',
  comment: `removal requests to the platform; the removal guard counts the last hour's, and rows are kept for a day`,
  properties: {
    guildId: p.text().$type<GuildId>().primary(),
    roleId: p.text().$type<RoleId>().primary(),
    discordUserId: p.text().$type<DiscordUserId>().primary(),
    askedAt: p.datetime(),
  },
  indexes: [{ name: 'asked_removal_time', properties: ['guildId', 'askedAt'] }],
});
