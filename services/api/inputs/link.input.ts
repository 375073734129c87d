import { Field, ID, InputType } from '../decorators.js';
import { Snowflake } from '../scalars.js';

@InputType({
  description:
    'A link to make: a platform user and a Discord account are the same person, at one client.',
})
export class LinkDiscordUserInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, {
    description:
      "The platform user: the platform's id; one never seen before is created nameless.",
  })
  readonly platformUserId!: string;

  @Field(() => Snowflake, { description: 'The account at Discord.' })
  readonly discordUserId!: string;
}

@InputType({
  description: 'A link that a person is to make by signing in at Discord.',
})
export class BeginDiscordLinkInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, {
    description: "The platform user who signs in: the platform's id.",
  })
  readonly platformUserId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The user's e-mail address at the platform: if Discord's is another one, there is a warning.",
  })
  readonly email?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Where the person is sent in the end, of an origin that RETURN_URL_ALLOWLIST names; `discordLink` in its query tells what came of it (`LINKED`, `SCREENING`, `WAITING`, `BANNED`, `GUILD_FULL`, `USER_GUILD_LIMIT`, `JOIN_FAILED`: the link is made; `CLAIMED`, `CANCELLED`, `EXPIRED`, `EMAIL_MISSING`, `SCOPE_MISSING`, `CLIENT_GONE`, `DISCORD_FAILED`, `SETUP_FAULT`, `INTERNAL`: it is not), `discordLinkWarning=EMAIL_DIFFERS` that the addresses differ. People can write that query themselves: ask `discordUserByPlatformId` for what is so. Left out: the person ends on a page of the connector.',
  })
  readonly returnTo?: string | null;
}

@InputType({ description: 'A platform user and their Discord account.' })
export class ImportedDiscordUserInput {
  @Field(() => ID, {
    description:
      "The platform user: the platform's id; one never seen before is created nameless.",
  })
  readonly platformUserId!: string;

  @Field(() => Snowflake, { description: 'The account at Discord.' })
  readonly discordUserId!: string;
}

@InputType({ description: 'Links that were known elsewhere before.' })
export class ImportDiscordUsersInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => [ImportedDiscordUserInput], {
    description: 'Up to 5,000, each user and each account once.',
  })
  readonly users!: readonly ImportedDiscordUserInput[];

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only say what would come of it. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({
  description: 'A link to end: it ends when its roles are taken back.',
})
export class UnlinkDiscordUserInput {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;
}

@InputType({ description: 'A link whose member is to be reconciled now.' })
export class ReconcileDiscordUserInput {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;
}
