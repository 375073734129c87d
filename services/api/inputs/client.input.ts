import type {
  Authority,
  EmailRule,
  Holders,
  Screening,
  UnknownMembership,
} from '../../model.js';
import { Field, Float, ID, InputType, Int } from '../decorators.js';
import {
  AuthorityEnum,
  EmailRuleEnum,
  HoldersEnum,
  UnknownMembershipEnum,
} from '../enums.js';
import { Snowflake } from '../scalars.js';
import { REMOVAL_RULE } from '../removal-rule.js';
import { ScreeningEnum } from '../types/screening.enum.js';
import { NicknamePolicyInput } from './nickname-policy.input.js';

@InputType({ description: REMOVAL_RULE })
export class RemovalGuardInput {
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

@InputType({ description: 'Rules for people who link their own account.' })
export class LinkingPolicyInput {
  @Field(() => EmailRuleEnum, {
    description: 'What a different e-mail address means.',
  })
  readonly email!: EmailRule;

  @Field(() => Boolean, {
    description: "Whether the person's tokens are kept after linking.",
  })
  readonly keepTokens!: boolean;
}

@InputType({
  description:
    "Where this client's Discord is reached; what is left out stays Discord's own, v10. A change needs botToken and clientSecret in the same input, so that stored secrets never travel to a new host.",
})
export class EndpointsInput {
  @Field(() => String, { nullable: true, description: 'Base of the REST API.' })
  readonly apiBase?: string | null;

  @Field(() => String, { nullable: true, description: 'The consent page.' })
  readonly authorizeUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where codes become tokens.',
  })
  readonly tokenUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where tokens are given back.',
  })
  readonly revokeUrl?: string | null;
}

@InputType({ description: 'Settings that a client may be given at any time.' })
abstract class ClientSettingsInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Where Discord returns people who link their account: https, on the origin of PUBLIC_URL, without a user name or a fragment.',
  })
  readonly callbackUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'An invitation to the guild, for people who are not in it: https, at discord.gg, discord.com/invite or discordapp.com/invite.',
  })
  readonly inviteUrl?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'False: nothing is sent to Discord for this client. Default true.',
  })
  readonly enabled?: boolean | null;

  @Field(() => AuthorityEnum, {
    nullable: true,
    description: 'Who has the say. Default PLATFORM.',
  })
  readonly authority?: Authority | null;

  @Field(() => UnknownMembershipEnum, {
    nullable: true,
    description:
      'What becomes of a held role while a group is unknown. Default KEEP.',
  })
  readonly unknownMembership?: UnknownMembership | null;

  @Field(() => NicknamePolicyInput, {
    nullable: true,
    description: 'How nicknames are made. Default: left alone.',
  })
  readonly nicknamePolicy?: NicknamePolicyInput | null;

  @Field(() => RemovalGuardInput, {
    nullable: true,
    description: 'When removals are held back. Default: 10, or 20 percent.',
  })
  readonly removalGuard?: RemovalGuardInput | null;

  @Field(() => LinkingPolicyInput, {
    nullable: true,
    description: 'Rules for linking. Default: NONE, tokens are not kept.',
  })
  readonly linking?: LinkingPolicyInput | null;

  @Field(() => ScreeningEnum, {
    nullable: true,
    description:
      "Whether grants wait until a member has passed Discord's membership screening. Default WAIT; IGNORE grants at once what has waited.",
  })
  readonly screening?: Screening | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether several role changes may be one write of the member's whole list; false: one at a time. Default true.",
  })
  readonly wholeListWrites?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'For how many days closed audit records and ended sweeps are kept, at least 1. Null: 400.',
  })
  readonly auditRetentionDays?: number | null;

  @Field(() => EndpointsInput, {
    nullable: true,
    description: "Where Discord is reached. Default: Discord's own, v10.",
  })
  readonly endpoints?: EndpointsInput | null;
}

@InputType({
  description: 'A new client: an application, its bot and a guild.',
})
export class CreateDiscordClientInput extends ClientSettingsInput {
  @Field(() => String, { description: 'For people; up to 100 characters.' })
  readonly name!: string;

  @Field(() => Snowflake, {
    description:
      "The guild: Discord's SERVER ID, one client for each. It never changes afterwards.",
  })
  readonly guildId!: string;

  @Field(() => Snowflake, {
    description: "The application: Discord's CLIENT ID.",
  })
  readonly applicationId!: string;

  @Field(() => String, {
    description: "The application's CLIENT SECRET; it never comes out again.",
  })
  readonly clientSecret!: string;

  @Field(() => String, {
    description: "The bot's TOKEN; it never comes out again.",
  })
  readonly botToken!: string;
}

@InputType({
  description: 'What to change of a client; what is left out stays as it is.',
})
export class UpdateDiscordClientInput extends ClientSettingsInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'For people; up to 100 characters.',
  })
  readonly name?: string | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: "The application: Discord's CLIENT ID.",
  })
  readonly applicationId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The application's CLIENT SECRET; it never comes out again.",
  })
  readonly clientSecret?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The bot's TOKEN; a new one lets a stopped client go on.",
  })
  readonly botToken?: string | null;
}

@InputType({ description: 'A client to delete.' })
export class DeleteDiscordClientInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => HoldersEnum, {
    description: 'What becomes of those who hold its managed roles.',
  })
  readonly holders!: Holders;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only count what it would mean. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({ description: 'A client whose bot is to be tried at Discord.' })
export class CheckDiscordClientInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;
}

@InputType({ description: 'A client whose roles are to be read at Discord.' })
export class ImportDiscordRolesInput {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;
}
