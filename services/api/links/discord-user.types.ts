import type { LinkState } from '../../model.js';
import { connectionOf } from '../kit/connection.types.js';
import { Directive, Field, ID, ObjectType } from '../kit/decorators.js';
import { describeEnum, LinkStateEnum, MembershipChangeKindEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    "A link: a platform user and a Discord account are the same person, for one client. Includes the member's last observed state.",
  simpleResolvers: true,
})
export class DiscordUser {
  readonly clientId!: string;
  readonly platformUserId!: string;
  /**
   * All roles of the member in the mirror, including foreign roles. Empty if the member was never
   * read.
   */
  readonly roleIds!: readonly string[];

  @Field(() => ID, { description: "The link's id, a UUID." })
  readonly id!: string;

  @Field(() => Snowflake, { description: "The Discord account's id." })
  readonly discordUserId!: string;

  @Field(() => String, {
    nullable: true,
    description: "The account's unique user name. Null before the first reading.",
  })
  readonly username!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The account's display name. Null if it has none or was never read.",
  })
  readonly displayName!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The nickname in the guild. Null if there is none.',
  })
  readonly nickname!: string | null;

  @Field(() => LinkStateEnum, { description: 'The state of the member.' })
  readonly state!: LinkState;

  @Field(() => String, {
    nullable: true,
    description: 'Why the member is in this state. Null if the state needs no explanation.',
  })
  readonly reason!: string | null;

  @Field(() => Boolean, {
    name: 'screening',
    simple: false,
    description:
      "True if the member, as last read, has not accepted the server's rules yet (Discord's membership screening). If the client's `screening` is WAIT, roles and nickname wait for that.",
  })
  readonly isScreening!: boolean;

  @Field(() => Boolean, {
    name: 'banned',
    simple: false,
    description: 'True if the guild has banned the account.',
  })
  readonly isBanned!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: "End of the member's timeout. Null if there is none.",
  })
  readonly timedOutUntil!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last reconciled. Null: never.',
  })
  readonly lastReconciledAt!: Date | null;

  @Field(() => DateTime, { description: 'When the link was created.' })
  readonly linkedAt!: Date;
}

@ObjectType({ description: 'A page of links, oldest first.' })
export class DiscordUserConnection extends connectionOf(DiscordUser, 'DiscordUser', 'a link') {}

const MembershipRequestStateEnum = describeEnum(
  'MembershipRequestState',
  "The platform's response to a request.",
  {
    OPEN: 'No response yet.',
    DISPUTED:
      'The platform has reported the opposite since. The request is not repeated until the role changes at Discord.',
  },
);

@ObjectType({
  description:
    'A membership change requested from the platform by `discord.membership.requested.v1`, where Discord has authority over a role. Removed once the platform confirms it.',
  simpleResolvers: true,
})
export class MembershipRequest {
  readonly linkId!: string;
  readonly clientId!: string;
  readonly groupId!: string;
  readonly roleId!: string;

  @Field(() => ID, { description: 'The id of the event.' })
  readonly id!: string;

  @Field(() => MembershipChangeKindEnum, { description: 'The requested membership.' })
  readonly change!: keyof typeof MembershipChangeKindEnum;

  @Field(() => MembershipRequestStateEnum, { description: "The platform's response." })
  readonly state!: keyof typeof MembershipRequestStateEnum;

  @Field(() => DateTime, { description: 'When the request was sent.' })
  readonly askedAt!: Date;
}
