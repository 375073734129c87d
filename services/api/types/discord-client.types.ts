import {
  DEFAULT_AUDIT_RETENTION_DAYS,
  type Authority,
  type EmailRule,
  type NicknameOnUnlink,
  type NicknameStrategy,
  type Screening,
  type UnknownMembership,
} from '../../model.js';
import { Directive, Field, Float, ID, Int, ObjectType } from '../decorators.js';
import {
  AuthorityEnum,
  EmailRuleEnum,
  NicknameStrategyEnum,
  UnknownMembershipEnum,
} from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type { ClientView } from '../views.js';
import { REMOVAL_RULE } from '../removal-rule.js';
import type { ClientHealth } from './client-health.types.js';
import { NicknameOnUnlinkEnum } from './nickname-on-unlink.enum.js';
import { ScreeningEnum } from './screening.enum.js';

@ObjectType({
  description: 'How nicknames of linked members are made.',
  simpleResolvers: true,
})
export class NicknamePolicy {
  @Field(() => NicknameStrategyEnum, { description: 'The way they are made.' })
  readonly strategy!: NicknameStrategy;

  @Field(() => String, {
    nullable: true,
    description:
      'For TEMPLATE: text with %username, %character (of the primary one), %corporation and %alliance (tickers); %% is a percent sign. Brackets around variables without a value go with them.',
  })
  readonly template!: string | null;

  @Field(() => NicknameOnUnlinkEnum, {
    description:
      'What happens to a nickname that the connector set when the last link of the account ends.',
  })
  readonly onUnlink!: NicknameOnUnlink;
}

@ObjectType({
  description: REMOVAL_RULE,
  simpleResolvers: true,
})
export class RemovalGuard {
  @Field(() => Int, {
    description:
      'So many removals within an hour need no person, but for more than half of a role with five or more holders.',
  })
  readonly minimum!: number;

  @Field(() => Float, {
    description:
      'The percentage of those who held the role an hour ago, 0 to 100.',
  })
  readonly percent!: number;
}

@ObjectType({
  description: 'Rules for people who link their own account.',
  simpleResolvers: true,
})
export class LinkingPolicy {
  @Field(() => EmailRuleEnum, {
    description: 'What a different e-mail address means.',
  })
  readonly email!: EmailRule;

  @Field(() => Boolean, {
    description: "Whether the person's tokens are kept after linking.",
  })
  readonly keepTokens!: boolean;
}

@ObjectType({
  description: "Where this client's Discord is reached.",
  simpleResolvers: true,
})
export class Endpoints {
  @Field(() => String, { description: 'Base of the REST API.' })
  readonly apiBase!: string;

  @Field(() => String, { description: 'The consent page.' })
  readonly authorizeUrl!: string;

  @Field(() => String, { description: 'Where codes become tokens.' })
  readonly tokenUrl!: string;

  @Field(() => String, { description: 'Where tokens are given back.' })
  readonly revokeUrl!: string;
}

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    'One Discord application with its bot, and the guild (Discord server) it serves. Its secrets never come out.',
  simpleResolvers: true,
})
export class DiscordClient {
  @Field(() => ID, { description: 'Ours, a UUID.' })
  readonly id!: string;

  @Field(() => String, { description: 'For people.' })
  readonly name!: string;

  @Field(() => Snowflake, { description: "The guild: Discord's server id." })
  readonly guildId!: string;

  @Field(() => Snowflake, {
    description: "The application: Discord's client id.",
  })
  readonly applicationId!: string;

  @Field(() => Snowflake, {
    nullable: true,
    description: "The bot's account; null until Discord told it.",
  })
  readonly botUserId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where Discord returns people who link their account.',
  })
  readonly callbackUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'An invitation to the guild, for people who are not in it.',
  })
  readonly inviteUrl!: string | null;

  @Field(() => Boolean, {
    description: 'False: nothing is sent to Discord for this client.',
  })
  readonly enabled!: boolean;

  @Field(() => AuthorityEnum, {
    description: 'Who has the say, unless a mapping names its own.',
  })
  readonly authority!: Authority;

  @Field(() => UnknownMembershipEnum, {
    description: 'What becomes of a held role while a group is unknown.',
  })
  readonly unknownMembership!: UnknownMembership;

  @Field(() => NicknamePolicy, { description: 'How nicknames are made.' })
  readonly nicknamePolicy!: NicknamePolicy;

  @Field(() => RemovalGuard, { description: 'When removals are held back.' })
  readonly removalGuard!: RemovalGuard;

  @Field(() => LinkingPolicy, { description: 'Rules for linking.' })
  readonly linking!: LinkingPolicy;

  @Field(() => ScreeningEnum, {
    description:
      "Whether grants wait until a member has passed Discord's membership screening.",
  })
  readonly screening!: Screening;

  @Field(() => Boolean, {
    description:
      "Whether several role changes may be one write of the member's whole list; false: roles are written one at a time.",
  })
  readonly wholeListWrites!: boolean;

  @Field(() => Int, {
    description:
      'For how many days closed audit records and ended sweeps are kept.',
  })
  readonly auditRetentionDays!: number;

  @Field(() => Endpoints, { description: 'Where Discord is reached.' })
  readonly endpoints!: Endpoints;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the roles of the guild were read; null: never.',
  })
  readonly rolesReadAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Set while a deleted client waits for its roles to be taken back.',
  })
  readonly endingAt!: Date | null;

  @Field(() => String, {
    description:
      'The page that adds the bot to the guild with its permissions.',
  })
  readonly botInviteUrl!: string;

  /** As stored with the client; its resolver adds the held plans. */
  readonly health!: ClientHealth;

  @Field(() => DateTime, { description: 'When it was set up.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When a setting changed last.' })
  readonly updatedAt!: Date;
}

/** Fields one by one: whatever else a view may hold one day stays inside. */
export function toDiscordClient(
  view: ClientView,
  derived: Pick<DiscordClient, 'botInviteUrl' | 'health'>,
): DiscordClient {
  return {
    id: view.id,
    name: view.name,
    guildId: view.guildId,
    applicationId: view.applicationId,
    botUserId: view.botUserId,
    callbackUrl: view.callbackUrl,
    inviteUrl: view.inviteUrl,
    enabled: view.isEnabled,
    authority: view.authority,
    unknownMembership: view.unknownMembership,
    nicknamePolicy: view.nicknamePolicy,
    removalGuard: view.removalGuard,
    linking: {
      email: view.linking.email,
      keepTokens: view.linking.keepsTokens,
    },
    screening: view.screening,
    wholeListWrites: view.wholeListWrites,
    auditRetentionDays: view.auditRetentionDays ?? DEFAULT_AUDIT_RETENTION_DAYS,
    endpoints: view.endpoints,
    rolesReadAt: view.rolesReadAt,
    endingAt: view.endingAt,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    ...derived,
  };
}
