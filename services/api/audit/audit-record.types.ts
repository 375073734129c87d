import type { Cause, Outcome, RoleChanges } from '../../model.js';
import { DiscordRole } from '../clients/discord-client.types.js';
import { connectionOf } from '../kit/connection.types.js';
import { Field, ID, ObjectType } from '../kit/decorators.js';
import { CauseKindEnum, OutcomeEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';

@ObjectType({ description: 'The cause of a reconcile.', simpleResolvers: true })
export class AuditCause {
  @Field(() => CauseKindEnum, { description: 'The kind of cause.' })
  readonly kind!: Cause['kind'];

  @Field(() => ID, { description: 'The id of the event or of the request.' })
  readonly id!: string;

  @Field(() => String, { description: 'The source of the event or the name of the caller.' })
  readonly actor!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The group, if a fact about a group was the cause; else null.',
  })
  readonly groupId?: string;

  readonly traceparent?: string;
}

@ObjectType({
  description:
    'Plan, causes and outcome of one reconcile that changed a member. Opened before the first change, closed after the last.',
  simpleResolvers: true,
})
export class AuditRecord {
  readonly clientId!: string;
  readonly added!: readonly string[];
  readonly removed!: readonly string[];
  readonly ensured!: RoleChanges;
  readonly plannedAdded!: readonly string[];
  readonly plannedRemoved!: readonly string[];

  @Field(() => ID, { description: "The record's id, a UUID." })
  readonly id!: string;

  @Field(() => DateTime, { description: 'When the record was opened, before the first change.' })
  readonly openedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the record was closed, after the last change. Null: the reconcile is in progress or was interrupted.',
  })
  readonly closedAt!: Date | null;

  @Field(() => Snowflake, { description: "The Discord account's id." })
  readonly discordUserId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the platform user the account was linked to.',
  })
  readonly platformUserId!: string | null;

  @Field(() => [AuditCause], { description: 'The causes, oldest first.' })
  readonly causes!: readonly AuditCause[];

  @Field(() => String, {
    nullable: true,
    description: 'The nickname that was set. Empty: it was reset. Null: unchanged.',
  })
  readonly nickname!: string | null;

  @Field(() => OutcomeEnum, {
    nullable: true,
    description: 'The outcome. Null while the record is open.',
  })
  readonly outcome!: Outcome | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the plan was not fully carried out; else null.',
  })
  readonly reason!: string | null;
}

@ObjectType({
  description:
    'Roles that the connector wrote without knowing of a difference: the last reading before the write already showed the desired state, or there was no reading.',
  simpleResolvers: true,
})
export class EnsuredRoles {
  @Field(() => [DiscordRole], {
    description: 'Roles that were added again. The member holds them now and probably did before.',
  })
  readonly added!: readonly DiscordRole[];

  @Field(() => [DiscordRole], {
    description:
      'Roles that were removed again. The member lacks them now and probably did before.',
  })
  readonly removed!: readonly DiscordRole[];
}

@ObjectType({ description: 'A page of audit records, newest first.' })
export class AuditRecordConnection extends connectionOf(
  AuditRecord,
  'AuditRecord',
  'an audit record',
) {}
