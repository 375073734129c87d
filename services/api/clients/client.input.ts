import type {
  Authority,
  EmailRule,
  HandRemovals,
  Holders,
  NicknameOnUnlink,
  NicknameStrategy,
  Screening,
  UnknownMembership,
} from '../../model.js';
import { Field, ID, InputType, Int } from '../kit/decorators.js';
import {
  AuthorityEnum,
  EmailRuleEnum,
  HandRemovalsEnum,
  HoldersEnum,
  NicknameOnUnlinkEnum,
  NicknameStrategyEnum,
  ScreeningEnum,
  UnknownMembershipEnum,
} from '../kit/enums.js';
import { Snowflake } from '../kit/scalars.js';
import { RemovalGuard } from './discord-client.types.js';

@InputType({ description: 'How nicknames of linked members are built.' })
export class NicknamePolicyInput {
  @Field(() => NicknameStrategyEnum, { description: 'How nicknames are built.' })
  readonly strategy!: NicknameStrategy;

  @Field(() => String, {
    nullable: true,
    description:
      'For TEMPLATE: text with %username, %character (the primary character), %corporation and %alliance (tickers); %% is a percent sign. Brackets around a variable without a value are dropped.',
  })
  readonly template?: string | null;

  @Field(() => NicknameOnUnlinkEnum, {
    nullable: true,
    description:
      "What happens to a nickname set by the connector when the account's last link ends. Default RESET.",
  })
  readonly onUnlink?: NicknameOnUnlink | null;
}

@InputType({ description: 'Rules for people who link their own account.' })
class LinkingPolicyInput {
  @Field(() => EmailRuleEnum, {
    description:
      "What happens if the Discord account's e-mail address is missing or differs from the platform's.",
  })
  readonly email!: EmailRule;

  @Field(() => Boolean, {
    description: "Whether the person's OAuth2 tokens are kept after linking.",
  })
  readonly keepTokens!: boolean;
}

@InputType({
  description:
    'The URLs at which this client reaches Discord. Omitted fields default to Discord v10. A change requires botToken and clientSecret in the same input, so that stored secrets never travel to a new host.',
})
export class EndpointsInput {
  @Field(() => String, {
    nullable: true,
    description: 'The URL of the REST API, ending in the version.',
  })
  readonly apiBase?: string | null;

  @Field(() => String, { nullable: true, description: 'The URL of the OAuth2 consent page.' })
  readonly authorizeUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The OAuth2 token URL.' })
  readonly tokenUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The OAuth2 revocation URL.' })
  readonly revokeUrl?: string | null;
}

@InputType({ description: 'Settings of a client that can change at any time.' })
abstract class ClientSettingsInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Where Discord redirects people after sign-in: an https URL on the origin of PUBLIC_URL, without user name or fragment. Null: PUBLIC_URL with the default path.',
  })
  readonly callbackUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Invite shown to people who are not in the guild: an https URL at discord.gg, discord.com/invite or discordapp.com/invite.',
  })
  readonly inviteUrl?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'False: the connector sends nothing to Discord for this client. Default true.',
  })
  readonly enabled?: boolean | null;

  @Field(() => AuthorityEnum, {
    nullable: true,
    description: 'Authority of mappings without their own. Default PLATFORM.',
  })
  readonly authority?: Authority | null;

  @Field(() => UnknownMembershipEnum, {
    nullable: true,
    description:
      'What happens to a role that a member holds while a group mapped to it is unknown for them. Default KEEP.',
  })
  readonly unknownMembership?: UnknownMembership | null;

  @Field(() => NicknamePolicyInput, {
    nullable: true,
    description: 'How nicknames are built. Default: nicknames are not changed.',
  })
  readonly nicknamePolicy?: NicknamePolicyInput | null;

  @Field(() => RemovalGuard, {
    nullable: true,
    description:
      'When removals are held for approval. Default: above 10 removals or 20 percent of the holders, whichever is more.',
  })
  readonly removalGuard?: RemovalGuard | null;

  @Field(() => LinkingPolicyInput, {
    nullable: true,
    description: 'Rules for sign-in. Default: NONE, tokens are not kept.',
  })
  readonly linking?: LinkingPolicyInput | null;

  @Field(() => ScreeningEnum, {
    nullable: true,
    description:
      "Whether grants wait until a member has passed Discord's membership screening. Default WAIT. Changing it to IGNORE grants waiting roles at once.",
  })
  readonly screening?: Screening | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether the bot opens a session at Discord's gateway, so that changes on Discord are known within a second. False: sweeps find them. Default true.",
  })
  readonly live?: boolean | null;

  @Field(() => HandRemovalsEnum, {
    nullable: true,
    description:
      'What happens when a person removes a mapped role by hand. Default RESTORE. Changing it to RESTORE gives the roles held until then back.',
  })
  readonly handRemovals?: HandRemovals | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether several role changes of a member may be sent as one write of the whole role list. False: one write per role. Default true.',
  })
  readonly wholeListWrites?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'How many days to keep closed audit records and finished sweeps, at least 1. Null: 400.',
  })
  readonly auditRetentionDays?: number | null;

  @Field(() => EndpointsInput, {
    nullable: true,
    description: 'The URLs at which this client reaches Discord. Default: Discord v10.',
  })
  readonly endpoints?: EndpointsInput | null;
}

@InputType({ description: 'A new client: a Discord application with its bot, and a guild.' })
export class CreateDiscordClientInput extends ClientSettingsInput {
  @Field(() => String, { description: 'Display name, up to 100 characters.' })
  readonly name!: string;

  @Field(() => Snowflake, {
    description:
      "The guild's id (Discord's SERVER ID). Unique among clients; it cannot be changed later.",
  })
  readonly guildId!: string;

  @Field(() => Snowflake, { description: "The application's id (Discord's CLIENT ID)." })
  readonly applicationId!: string;

  @Field(() => String, { description: "The application's CLIENT SECRET. Write-only." })
  readonly clientSecret!: string;

  @Field(() => String, { description: "The bot's TOKEN. Write-only." })
  readonly botToken!: string;
}

@InputType({ description: 'Changes to a client. Omitted fields stay unchanged.' })
export class UpdateDiscordClientInput extends ClientSettingsInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => String, { nullable: true, description: 'Display name, up to 100 characters.' })
  readonly name?: string | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: "The application's id (Discord's CLIENT ID).",
  })
  readonly applicationId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The application's CLIENT SECRET. Write-only.",
  })
  readonly clientSecret?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The bot's TOKEN. Write-only. Restarts a stopped client.",
  })
  readonly botToken?: string | null;
}

@InputType({ description: 'The client to delete.' })
export class DeleteDiscordClientInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => HoldersEnum, { description: 'What happens to the holders of its mapped roles.' })
  readonly holders!: Holders;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the effect. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({ description: 'The client to check at Discord.' })
export class CheckDiscordClientInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;
}

@InputType({ description: 'The client whose roles are imported.' })
export class ImportDiscordRolesInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;
}
