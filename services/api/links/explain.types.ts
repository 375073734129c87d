import type { Authority, RoleBlock } from '../../model.js';
import { AuditCause } from '../audit/audit-record.types.js';
import { Field, ID, ObjectType } from '../kit/decorators.js';
import { AuthorityEnum, describeEnum, MembershipChangeKindEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';

const DesiredRoleEnum = describeEnum('DesiredRole', 'Whether a person should have a role.', {
  YES: 'An active mapping grants it.',
  NO: 'No mapping grants it; it is removed if held.',
  UNKNOWN: 'Not known, so the role stays as it is.',
});

const MembershipKnowledgeEnum = describeEnum(
  'MembershipKnowledge',
  'What the platform has reported about a person and a group.',
  {
    HELD: 'The person is in the group.',
    NOT_HELD: 'The person is not in the group.',
    UNKNOWN: 'Nothing reported. This does not mean "no".',
  },
);

const RoleChangeKindEnum = describeEnum('RoleChangeKind', 'What the connector did with a role.', {
  ADDED: 'The connector added it.',
  REMOVED: 'The connector removed it.',
});

const RoleBlockEnum = describeEnum<RoleBlock>(
  'RoleBlock',
  'What prevents a person from having a role, or a role from being removed.',
  {
    NOT_LINKED: 'The link to the Discord account is ending.',
    AUTHORITY_DISCORD: 'Discord has authority: the platform is asked to follow.',
    ROLE_REQUESTED:
      'Discord has authority; the platform was asked to follow and has not confirmed yet.',
    REQUEST_DISPUTED:
      'Discord has authority; the platform was asked to follow and reports the opposite.',
    AUTHORITY_OBSERVE: 'The mapping is in OBSERVE: nothing is written to Discord.',
    MAPPING_RETIRED: 'A mapping that would grant it is retired.',
    UNKNOWN_MEMBERSHIP: 'The platform has not reported whether the person is in a mapped group.',
    CLIENT_DISABLED: 'The client is disabled.',
    CLIENT_STOPPED: "Discord rejected the client's bot token.",
    CLIENT_PAUSED: 'The guild responds as if the bot had been removed.',
    BANNED: 'The guild has banned the account.',
    NOT_IN_GUILD: 'The account is not in the guild.',
    SCREENING:
      "The member has not accepted the server's rules yet (Discord's membership screening), and the client's `screening` is WAIT.",
    TIMED_OUT: 'A moderator has timed the member out; no role is granted until that ends.',
    ROLE_ABOVE_BOT: "The role is not below the bot's highest role.",
    ROLE_MANAGED: 'Only Discord or an integration can add and remove the role.',
    ROLE_GONE: 'The guild no longer has this role.',
    MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
    REMOVED_BY_HAND:
      "A person removed the role on Discord, and the client's `handRemovals` is HOLD: it stays removed.",
    CHANGE_DISPUTED:
      'Another bot or person keeps undoing the change; it is tried again later, at least hourly.',
    HELD_BY_GUARD: 'The removal guard holds the removal.',
    REMOVAL_REJECTED: 'A person rejected the removal: the role stays.',
    PARKED: 'Retrying is useless until something changes; see `reason` of the `DiscordUser`.',
    PENDING: 'The change is waiting for its turn.',
  },
);

@ObjectType({
  description: 'A mapping of the role, as it applies to the person.',
  simpleResolvers: true,
})
export class ExplainedMapping {
  readonly mappingId!: string;
  readonly groupId!: string;

  @Field(() => AuthorityEnum, { description: 'Which side decides who holds the role.' })
  readonly authority!: Authority;

  @Field(() => Boolean, {
    description:
      'True if the mapping is retired: it grants nothing and stays until its role is removed from all holders.',
  })
  readonly isRetired!: boolean;

  @Field(() => MembershipKnowledgeEnum, {
    description: 'Whether the person is in the group. UNKNOWN if the link is ending.',
  })
  readonly membership!: keyof typeof MembershipKnowledgeEnum;
}

@ObjectType({
  description: "The connector's last change of this role for this account.",
  simpleResolvers: true,
})
class ExplainedChange {
  @Field(() => ID, { description: 'The id of the `AuditRecord` with the details.' })
  readonly auditRecordId!: string;

  @Field(() => RoleChangeKindEnum, { description: 'What the connector did.' })
  readonly change!: keyof typeof RoleChangeKindEnum;

  @Field(() => DateTime, { description: 'When the connector made the change.' })
  readonly at!: Date;

  @Field(() => AuditCause, {
    nullable: true,
    description:
      'The cause of the change. If there were several, the newest about a mapped group, else the newest.',
  })
  readonly cause!: AuditCause | null;
}

@ObjectType('RoleExplanation', {
  description: 'Why a person has or lacks a role, based on stored data. Does not call Discord.',
  simpleResolvers: true,
})
export class RoleExplanationType {
  readonly linkId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => String, {
    nullable: true,
    description: "The role's name at Discord. Null if the connector never read the role.",
  })
  readonly roleName!: string | null;

  @Field(() => Boolean, {
    description:
      'True if a mapping names the role. False: a foreign role, which the connector never changes.',
  })
  readonly isMapped!: boolean;

  @Field(() => DesiredRoleEnum, { description: 'Whether the person should have the role.' })
  readonly desired!: keyof typeof DesiredRoleEnum;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the account was last observed with the role. Null: never observed.',
  })
  readonly isHeld!: boolean | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last observed. Null: never.',
  })
  readonly seenAt!: Date | null;

  @Field(() => [ExplainedMapping], {
    description: 'The mappings that name the role, active and retired.',
  })
  readonly mappings!: readonly ExplainedMapping[];

  @Field(() => ExplainedChange, {
    nullable: true,
    description: 'The last change. Null if the connector never changed this role for this account.',
  })
  readonly lastChange!: ExplainedChange | null;

  @Field(() => [RoleBlockEnum], {
    description:
      'What prevents the person from having the role, or the role from being removed. Listed in the order in which to fix it. Empty if nothing does, and for foreign roles.',
  })
  readonly blockedBy!: readonly RoleBlock[];

  @Field(() => [String], {
    description: 'What to do about each item of `blockedBy`: one sentence each, in the same order.',
  })
  readonly unblockedBy!: readonly string[];

  @Field(() => String, {
    description: 'The whole explanation in one or two sentences, suitable for the person.',
  })
  readonly sentence!: string;
}

@ObjectType('MemberPlan', {
  description:
    'What the next reconcile would change for one member, based on the last observation. Does not call Discord.',
  simpleResolvers: true,
})
export class MemberPlanType {
  readonly clientId!: string;
  readonly linkId!: string;
  readonly add!: readonly string[];
  readonly remove!: readonly string[];
  /** Roles to grant once the member has passed Discord's membership screening or a time-out. */
  readonly waiting!: readonly string[];
  /** Removals that the guard would hold. */
  readonly held!: readonly string[];
  /** Mapped roles that stay because a mapped group is unknown for this member. */
  readonly unknown!: readonly string[];
  readonly blocked!: readonly Omit<BlockedRoleType, 'clientId'>[];
  readonly requests!: readonly Omit<PlannedRequest, 'clientId'>[];

  @Field(() => String, {
    nullable: true,
    description: 'The nickname to set. Empty: it will be reset. Null: unchanged.',
  })
  readonly nickname!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the nickname policy cannot be applied to this person. Null if it can.',
  })
  readonly nicknameBlocked!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last observed. Null: never.',
  })
  readonly observedAt!: Date | null;

  @Field(() => String, { description: 'The plan in one sentence.' })
  readonly summary!: string;
}

@ObjectType({
  description:
    'A membership change that would be requested from the platform, because Discord has authority over the role.',
  simpleResolvers: true,
})
export class PlannedRequest {
  readonly clientId!: string;
  readonly groupId!: string;
  readonly roleId!: string;

  @Field(() => MembershipChangeKindEnum, { description: 'The requested membership.' })
  readonly change!: keyof typeof MembershipChangeKindEnum;

  @Field(() => Boolean, {
    description: 'True if the removal guard would hold the request for approval.',
  })
  readonly isHeld!: boolean;
}

@ObjectType('BlockedRole', {
  description: 'A role that the plan would change but the bot cannot change.',
  simpleResolvers: true,
})
export class BlockedRoleType {
  readonly clientId!: string;
  readonly roleId!: string;

  @Field(() => String, { description: 'Why the bot cannot change the role.' })
  readonly refusal!: string;
}
