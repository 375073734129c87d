import {
  DEFAULT_AUDIT_RETENTION_DAYS,
  type Authority,
  type EmailRule,
  type NicknameOnUnlink,
  type NicknameStrategy,
  type Screening,
  type UnknownMembership,
} from '../../model.js';
import { Directive, Field, Float, ID, Int, ObjectType } from '../kit/decorators.js';
import {
  AuthorityEnum,
  EmailRuleEnum,
  NicknameStrategyEnum,
  UnknownMembershipEnum,
} from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import type { ClientView } from '../kit/views.js';
import { REMOVAL_RULE } from '../mappings/removal-rule.js';
import type { ClientHealth } from './client-health.types.js';
import { NicknameOnUnlinkEnum } from './nickname-on-unlink.enum.js';
import { ScreeningEnum } from './screening.enum.js';

@ObjectType('NicknamePolicy', {
  description: 'How nicknames of linked members are built.',
  simpleResolvers: true,
})
export class NicknamePolicyType {
  @Field(() => NicknameStrategyEnum, { description: 'How nicknames are built.' })
  readonly strategy!: NicknameStrategy;

  @Field(() => String, {
    nullable: true,
    description:
      'For TEMPLATE: text with %username, %character (the primary character), %corporation and %alliance (tickers); %% is a percent sign. Brackets around a variable without a value are dropped.',
  })
  readonly template!: string | null;

  @Field(() => NicknameOnUnlinkEnum, {
    description:
      "What happens to a nickname set by the connector when the account's last link ends.",
  })
  readonly onUnlink!: NicknameOnUnlink;
}

@ObjectType({ description: REMOVAL_RULE, simpleResolvers: true })
export class RemovalGuard {
  @Field(() => Int, {
    description:
      'How many removals within an hour need no approval. More than half of a role with five or more holders is always held.',
  })
  readonly minimum!: number;

  @Field(() => Float, {
    description:
      'Percentage of the holders of an hour ago that may be removed within an hour, 0 to 100.',
  })
  readonly percent!: number;
}

@ObjectType({ description: 'Rules for people who link their own account.', simpleResolvers: true })
export class LinkingPolicy {
  @Field(() => EmailRuleEnum, { description: 'How a different e-mail address is handled.' })
  readonly email!: EmailRule;

  @Field(() => Boolean, {
    description: "Whether the person's OAuth2 tokens are kept after linking.",
  })
  readonly keepTokens!: boolean;
}

@ObjectType('Endpoints', {
  description: 'The URLs of Discord for this client.',
  simpleResolvers: true,
})
export class EndpointsType {
  @Field(() => String, { description: 'The REST API, with its version.' })
  readonly apiBase!: string;

  @Field(() => String, { description: 'The OAuth2 consent page.' })
  readonly authorizeUrl!: string;

  @Field(() => String, { description: 'The OAuth2 token URL.' })
  readonly tokenUrl!: string;

  @Field(() => String, { description: 'The OAuth2 revocation URL.' })
  readonly revokeUrl!: string;
}

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    'A Discord application with its bot, and the guild (Discord server) it serves. Secrets are write-only.',
  simpleResolvers: true,
})
export class DiscordClient {
  @Field(() => ID, { description: "The client's id, a UUID." })
  readonly id!: string;

  @Field(() => String, { description: 'Display name.' })
  readonly name!: string;

  @Field(() => Snowflake, { description: "The guild's id (Discord's SERVER ID)." })
  readonly guildId!: string;

  @Field(() => Snowflake, { description: "The application's id (Discord's CLIENT ID)." })
  readonly applicationId!: string;

  @Field(() => Snowflake, {
    nullable: true,
    description: "The bot's account id. Null until it was read from Discord.",
  })
  readonly botUserId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The OAuth2 redirect URL. Null: a path of PUBLIC_URL.',
  })
  readonly callbackUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Invite URL for people outside the guild. Null: none.',
  })
  readonly inviteUrl!: string | null;

  @Field(() => Boolean, { description: 'False: nothing is sent to Discord for this client.' })
  readonly enabled!: boolean;

  @Field(() => AuthorityEnum, { description: 'Authority of mappings that do not set their own.' })
  readonly authority!: Authority;

  @Field(() => UnknownMembershipEnum, {
    description: 'What happens to a held role while a group is unknown.',
  })
  readonly unknownMembership!: UnknownMembership;

  @Field(() => NicknamePolicyType, { description: 'How nicknames are built.' })
  readonly nicknamePolicy!: NicknamePolicyType;

  @Field(() => RemovalGuard, { description: 'When removals are held.' })
  readonly removalGuard!: RemovalGuard;

  @Field(() => LinkingPolicy, { description: 'Rules for linking by sign-in.' })
  readonly linking!: LinkingPolicy;

  @Field(() => ScreeningEnum, {
    description: "Whether grants wait until a member has passed Discord's membership screening.",
  })
  readonly screening!: Screening;

  @Field(() => Boolean, {
    description:
      'Whether several role changes of a member may be sent as one write of the whole role list. False: one write per role.',
  })
  readonly wholeListWrites!: boolean;

  @Field(() => Int, {
    description: 'Number of days closed audit records and finished sweeps are kept.',
  })
  readonly auditRetentionDays!: number;

  @Field(() => EndpointsType, { description: 'The URLs of Discord for this client.' })
  readonly endpoints!: EndpointsType;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the guild's roles were last read. Null: never.",
  })
  readonly rolesReadAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the client was deleted, while its roles are still being removed; else null.',
  })
  readonly endingAt!: Date | null;

  @Field(() => String, {
    description: 'URL of the page that adds the bot to the guild with the permissions it needs.',
  })
  readonly botInviteUrl!: string;

  /** As stored with the client; its resolver adds the held plans. */
  readonly health!: ClientHealth;

  @Field(() => DateTime, { description: 'When the client was created.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When a setting last changed.' })
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
    linking: { email: view.linking.email, keepTokens: view.linking.keepsTokens },
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
