import type {
  Authority,
  ClientSettings,
  EmailRule,
  HandRemovals,
  NicknameOnUnlink,
  NicknameStrategy,
  RoleRefusal,
  Screening,
  UnknownMembership,
} from '../../model.js';
import { Directive, Field, Float, ID, InputType, Int, ObjectType } from '../kit/decorators.js';
import {
  AuthorityEnum,
  CheckVerdictEnum,
  EmailRuleEnum,
  HandRemovalsEnum,
  NicknameOnUnlinkEnum,
  NicknameStrategyEnum,
  RoleRefusalEnum,
  ScreeningEnum,
  UnknownMembershipEnum,
} from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';

/** Describes the removal guard's rule, which reconcile/guard/guard.ts implements. */
const REMOVAL_RULE =
  'Limits how many roles can be removed without approval. The removals of one message, mutation, batch of events or sweep are counted together, along with other removals that are due or were made in the last hour. For each role, and for all roles together, the limit is `minimum` or `percent` of the holders, whichever is higher. If a limit is exceeded, the whole set waits for approval. It also waits if a role with five or more holders would be removed from more than half of them.';

@ObjectType({ description: 'One check and its remedy.', simpleResolvers: true })
export class HealthCheck {
  @Field(() => String, { description: 'What was checked.' })
  readonly name!: string;

  @Field(() => CheckVerdictEnum, { description: 'The result of the check.' })
  readonly result!: keyof typeof CheckVerdictEnum;

  @Field(() => String, { description: 'What the check found.' })
  readonly message!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What to do about it. Null if no action is needed.',
  })
  readonly remedy!: string | null;
}

@ObjectType({
  description: 'The latest health results. Does not call Discord; `checkDiscordClient` does.',
  simpleResolvers: true,
})
export class ClientHealth {
  @Field(() => [HealthCheck], { description: 'The checks.' })
  readonly checks!: readonly HealthCheck[];
}

@ObjectType('NicknamePolicy', {
  description: 'How nicknames of linked members are built.',
  simpleResolvers: true,
})
class NicknamePolicyType {
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

@InputType('RemovalGuardInput', { description: REMOVAL_RULE })
@ObjectType({ description: REMOVAL_RULE, simpleResolvers: true })
export class RemovalGuard {
  @Field(() => Int, {
    description:
      'How many removals within an hour need no approval. Removing a role from more than half of its holders, if it has five or more, always needs approval.',
  })
  readonly minimum!: number;

  @Field(() => Float, {
    description:
      "Percentage of a role's holders, counted as of an hour ago, that may lose it without approval; 0 to 100.",
  })
  readonly percent!: number;
}

@ObjectType({ description: 'Rules for people who link their own account.', simpleResolvers: true })
class LinkingPolicy {
  @Field(() => EmailRuleEnum, {
    description:
      "What happens if the Discord account's e-mail address is missing or differs from the platform's.",
  })
  readonly email!: EmailRule;

  @Field(() => Boolean, {
    name: 'keepTokens',
    simple: false,
    description: "Whether the person's OAuth2 tokens are kept after linking.",
  })
  readonly keepsTokens!: boolean;
}

@ObjectType('Endpoints', {
  description: 'The URLs of Discord for this client.',
  simpleResolvers: true,
})
class EndpointsType {
  @Field(() => String, { description: 'The URL of the REST API, ending in the version.' })
  readonly apiBase!: string;

  @Field(() => String, { description: 'The URL of the OAuth2 consent page.' })
  readonly authorizeUrl!: string;

  @Field(() => String, { description: 'The OAuth2 token URL.' })
  readonly tokenUrl!: string;

  @Field(() => String, { description: 'The OAuth2 revocation URL.' })
  readonly revokeUrl!: string;
}

/** A secret that cannot be decrypted, and the id of the key it was encrypted with. */
interface LostSecretView {
  readonly name: 'botToken' | 'clientSecret';
  readonly keyId: string;
}

/** Why calls for a client are paused, since when, and when the next call is tried. */
interface SendingPauseView {
  readonly cause: string;
  readonly since: Date;
  readonly until: Date;
}

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    'A Discord application with its bot, and the guild (Discord server) it serves. Secrets are write-only.',
  simpleResolvers: true,
})
export class DiscordClient implements ClientSettings {
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
    description: 'The OAuth2 redirect URL. Null: PUBLIC_URL with the default path.',
  })
  readonly callbackUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Invite URL for people outside the guild. Null: none.',
  })
  readonly inviteUrl!: string | null;

  @Field(() => Boolean, {
    name: 'enabled',
    simple: false,
    description: 'False: the connector sends nothing to Discord for this client.',
  })
  readonly isEnabled!: boolean;

  @Field(() => AuthorityEnum, { description: 'Authority of mappings that do not set their own.' })
  readonly authority!: Authority;

  @Field(() => UnknownMembershipEnum, {
    description:
      'What happens to a role that a member holds while a group mapped to it is unknown for them.',
  })
  readonly unknownMembership!: UnknownMembership;

  @Field(() => NicknamePolicyType, { description: 'How nicknames are built.' })
  readonly nicknamePolicy!: NicknamePolicyType;

  @Field(() => RemovalGuard, { description: 'When removals are held for approval.' })
  readonly removalGuard!: RemovalGuard;

  @Field(() => LinkingPolicy, { description: 'Rules for linking by sign-in.' })
  readonly linking!: LinkingPolicy;

  @Field(() => ScreeningEnum, {
    description: "Whether grants wait until a member has passed Discord's membership screening.",
  })
  readonly screening!: Screening;

  @Field(() => Boolean, {
    name: 'live',
    simple: false,
    description:
      "Whether the bot opens a session at Discord's gateway, so that changes on Discord are known within a second. False: sweeps find them.",
  })
  readonly isLive!: boolean;

  @Field(() => HandRemovalsEnum, {
    description: 'What happens when a person removes a mapped role by hand.',
  })
  readonly handRemovals!: HandRemovals;

  @Field(() => Boolean, {
    description:
      'Whether several role changes of a member may be sent as one write of the whole role list. False: one write per role.',
  })
  readonly wholeListWrites!: boolean;

  readonly auditRetentionDays!: number | null;

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

  /** The current problem with the client; null if there is none. */
  readonly trouble!: string | null;
  /** Why Discord's last member list looked incomplete; null if it was accepted. */
  readonly doubt!: string | null;
  /** Why Discord did not return the number of role holders at the last sweep; null if it did. */
  readonly countsFault!: string | null;
  /** Secrets that cannot be decrypted, because their key is missing from ENCRYPTION_KEYS. */
  readonly lostSecrets!: readonly LostSecretView[];
  readonly stoppedAt!: Date | null;
  readonly pausedUntil!: Date | null;
  /**
   * Why calls for this client are paused, as reported by the process that makes them; null if they
   * are not. The pause is over when `until` has passed.
   */
  readonly sending!: SendingPauseView | null;
  /** The results of the last check at Discord; empty before the first. */
  readonly checks!: readonly HealthCheck[];
  readonly checkedAt!: Date | null;

  @Field(() => DateTime, { description: 'When the client was created.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When a setting last changed.' })
  readonly updatedAt!: Date;
}

@ObjectType({ description: 'A role of a guild.', simpleResolvers: true })
export class DiscordRole {
  readonly clientId!: string;

  @Field(() => Snowflake, { name: 'id', simple: false, description: "Discord's." })
  readonly roleId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The role's name at Discord. Null if the connector never read the role, for example because it was deleted earlier.",
  })
  readonly name!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The role's position in the guild; higher is more powerful.",
  })
  readonly position!: number | null;

  @Field(() => Int, { nullable: true, description: 'The colour as 0xRRGGBB; 0 means none.' })
  readonly color!: number | null;

  @Field(() => Boolean, {
    name: 'managed',
    simple: false,
    description:
      "True if only Discord or an integration can add and remove the role (Discord's word: managed).",
  })
  readonly isManaged!: boolean;

  @Field(() => RoleRefusalEnum, {
    nullable: true,
    description: 'Why the bot cannot add or remove the role. Null if it can.',
  })
  readonly refusal!: RoleRefusal | null;
}
