import { traceIdOf } from '../../lib/trace.js';
import type { Cause, Outcome } from '../../model.js';
import { Field, ID, ObjectType } from '../decorators.js';
import { CauseKindEnum, OutcomeEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type { AuditRecordView } from '../audit-view.js';
import { connectionOf } from './connection.types.js';
import { DiscordRole } from './discord-role.types.js';

@ObjectType({
  description: 'Why a member was looked at.',
  simpleResolvers: true,
})
export class AuditCause {
  @Field(() => CauseKindEnum, { description: 'What it was.' })
  readonly kind!: Cause['kind'];

  @Field(() => ID, { description: "The event's id, or the request's." })
  readonly id!: string;

  @Field(() => String, {
    description: "The event's source, or the caller's name.",
  })
  readonly actor!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The group, when a fact about a group was the cause.',
  })
  readonly groupId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'The trace that it stands in, as the tracing backend knows it; null: there was none.',
  })
  readonly traceId!: string | null;
}

@ObjectType({
  description:
    'Plan, cause and verdict of one reconcile that changed a member: opened before the first change, closed after the last.',
  simpleResolvers: true,
})
export class AuditRecord {
  readonly clientId!: string;
  readonly addedIds!: readonly string[];
  readonly removedIds!: readonly string[];
  readonly ensuredIds!: AuditRecordView['ensured'];
  readonly plannedAddedIds!: readonly string[];
  readonly plannedRemovedIds!: readonly string[];

  @Field(() => ID, { description: 'Ours, a UUID.' })
  readonly id!: string;

  @Field(() => DateTime, { description: 'Before the first change.' })
  readonly openedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'After the last change; null: still at work, or cut short.',
  })
  readonly closedAt!: Date | null;

  @Field(() => Snowflake, { description: 'The account at Discord.' })
  readonly discordUserId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The platform user it was linked to.',
  })
  readonly platformUserId!: string | null;

  @Field(() => [AuditCause], { description: 'Why, oldest first.' })
  readonly causes!: readonly AuditCause[];

  @Field(() => String, {
    nullable: true,
    description:
      'The nickname that was set; empty: it was reset; null: it was left alone.',
  })
  readonly nickname!: string | null;

  @Field(() => OutcomeEnum, {
    nullable: true,
    description: 'What came of it; null while open.',
  })
  readonly outcome!: Outcome | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it did not go all the way.',
  })
  readonly reason!: string | null;
}

@ObjectType({
  description:
    'Roles that were written again to be sure, without a known change: the last reading before the write already showed them as desired, or there was no reading.',
  simpleResolvers: true,
})
export class EnsuredRoles {
  @Field(() => [DiscordRole], {
    description: 'Roles that the member holds, and probably held before.',
  })
  readonly added!: readonly DiscordRole[];

  @Field(() => [DiscordRole], {
    description: 'Roles that the member lacks, and probably lacked before.',
  })
  readonly removed!: readonly DiscordRole[];
}

@ObjectType({ description: 'A page of audit records, newest first.' })
export class AuditRecordConnection extends connectionOf(
  AuditRecord,
  'AuditRecord',
  'an audit record',
) {}

export function toAuditCause(cause: Cause): AuditCause {
  const { kind, id, actor, groupId = null } = cause;
  return { kind, id, actor, groupId, traceId: traceIdOf(cause.traceparent) };
}

export function toAuditRecord(view: AuditRecordView): AuditRecord {
  return {
    id: view.id,
    clientId: view.clientId,
    discordUserId: view.discordUserId,
    platformUserId: view.platformUserId,
    addedIds: view.added,
    removedIds: view.removed,
    ensuredIds: view.ensured,
    plannedAddedIds: view.plannedAdded,
    plannedRemovedIds: view.plannedRemoved,
    causes: view.causes.map(toAuditCause),
    nickname: view.nickname,
    outcome: view.outcome,
    reason: view.reason,
    openedAt: view.openedAt,
    closedAt: view.closedAt,
  };
}
