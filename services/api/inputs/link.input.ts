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
