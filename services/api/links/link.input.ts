import type { LinkState } from '../../model.js';
import { checkList, checkPlatformId, ifGiven, onlyGiven } from '../kit/checks.js';
import { Field, ID, InputType } from '../kit/decorators.js';
import { LinkStateEnum } from '../kit/enums.js';
import { Snowflake } from '../kit/scalars.js';
import type { LinkFilter } from './ports.js';

@InputType({ description: 'Filters for links. Filters are combined with AND.' })
export class DiscordUserFilter {
  @Field(() => [LinkStateEnum], {
    nullable: true,
    description: 'Only links in one of these states.',
  })
  readonly states?: readonly LinkState[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only links of these platform users.' })
  readonly platformUserIds?: readonly string[] | null;

  @Field(() => [Snowflake], {
    nullable: true,
    description: 'Only links of these Discord accounts.',
  })
  readonly discordUserIds?: readonly string[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Only links whose member was last observed with this role.',
  })
  readonly roleId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Only links whose platform user is in this group.',
  })
  readonly groupId?: string | null;
}

export function toLinkFilter(filter: DiscordUserFilter | null): LinkFilter {
  const { states, platformUserIds, discordUserIds, roleId, groupId } = filter ?? {};
  return onlyGiven({
    states: ifGiven(states, (list) => checkList(list, 'filter.states')),
    platformUserIds: ifGiven(platformUserIds, (list) =>
      checkList(list, 'filter.platformUserIds').map((id, index) =>
        checkPlatformId(id, `filter.platformUserIds[${index}]`),
      ),
    ),
    discordUserIds: ifGiven(discordUserIds, (list) => checkList(list, 'filter.discordUserIds')),
    roleId,
    groupId: ifGiven(groupId, (id) => checkPlatformId(id, 'filter.groupId')),
  });
}

@InputType({
  description:
    'A link to create: a platform user and a Discord account are the same person, for one client.',
})
export class LinkDiscordUserInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, {
    description:
      "The platform user's id, issued by the platform. An unknown id creates a user without a name.",
  })
  readonly platformUserId!: string;

  @Field(() => Snowflake, { description: "The Discord account's id." })
  readonly discordUserId!: string;
}

@InputType({ description: 'A sign-in by which a person links their Discord account.' })
export class BeginDiscordLinkInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, {
    description: "The platform's id of the user who signs in.",
  })
  readonly platformUserId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The user's e-mail address on the platform. If the Discord account has a different one, the result has a warning.",
  })
  readonly email?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Where the person is sent after sign-in: a URL on an origin listed in RETURN_URL_ALLOWLIST. Its query parameter `discordLink` has the result. Linked: `LINKED`, `SCREENING`, `WAITING`, `BANNED`, `GUILD_FULL`, `USER_GUILD_LIMIT`, `JOIN_FAILED`. Not linked: `CLAIMED`, `CANCELLED`, `EXPIRED`, `EMAIL_MISSING`, `BOT_ACCOUNT`, `SCOPE_MISSING`, `CLIENT_GONE`, `DISCORD_FAILED`, `SETUP_FAULT`, `INTERNAL`. `discordLinkWarning=EMAIL_DIFFERS` means that the e-mail addresses differ. People can forge these parameters: query `discordUserByPlatformId` for the truth. Omitted: the person ends on a page of the connector.',
  })
  readonly returnTo?: string | null;
}

@InputType({ description: 'A platform user and their Discord account.' })
export class ImportedDiscordUserInput {
  @Field(() => ID, {
    description:
      "The platform user's id, issued by the platform. An unknown id creates a user without a name.",
  })
  readonly platformUserId!: string;

  @Field(() => Snowflake, { description: "The Discord account's id." })
  readonly discordUserId!: string;
}

@InputType({ description: 'Existing links to import.' })
export class ImportDiscordUsersInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => [ImportedDiscordUserInput], {
    description: 'Up to 5,000 users, each user and each account listed once.',
  })
  readonly users!: readonly ImportedDiscordUserInput[];

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the results. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({ description: 'The link to end. It is deleted after its roles have been removed.' })
export class UnlinkDiscordUserInput {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;
}

@InputType({ description: 'The link whose member is reconciled now.' })
export class ReconcileDiscordUserInput {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;
}
