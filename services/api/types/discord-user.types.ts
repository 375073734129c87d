import type { LinkState } from '../../model.js';
import { Directive, Field, ID, ObjectType } from '../decorators.js';
import { LinkStateEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type { LinkView } from '../views.js';
import { connectionOf } from './connection.types.js';

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    "A link: a platform user and a Discord account are the same person, at one client. Shown with the member's last observed state.",
  simpleResolvers: true,
})
export class DiscordUser {
  readonly clientId!: string;
  readonly platformUserId!: string;
  readonly roleIds!: readonly string[];

  @Field(() => ID, { description: "The link's id: ours, a UUID." })
  readonly id!: string;

  @Field(() => Snowflake, { description: 'The account at Discord.' })
  readonly discordUserId!: string;

  @Field(() => String, {
    nullable: true,
    description: "The account's unique name; null until Discord was asked.",
  })
  readonly username!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The account's display name.",
  })
  readonly displayName!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The nickname in the guild.',
  })
  readonly nickname!: string | null;

  @Field(() => LinkStateEnum, { description: 'How the member stands.' })
  readonly state!: LinkState;

  @Field(() => String, {
    nullable: true,
    description: 'Why the state is what it is, where there is more to say.',
  })
  readonly reason!: string | null;

  @Field(() => Boolean, {
    description:
      "The member has not accepted the server's rules yet (Discord's membership screening), as last read; with the client's `screening: WAIT` roles and nickname wait for it.",
  })
  readonly screening!: boolean;

  @Field(() => Boolean, {
    description: 'The guild has banned the account.',
  })
  readonly banned!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when the member is timed out.',
  })
  readonly timedOutUntil!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the member was last reconciled; null: never.',
  })
  readonly lastReconciledAt!: Date | null;

  @Field(() => DateTime, { description: 'When the link was made.' })
  readonly linkedAt!: Date;
}

@ObjectType({ description: 'A page of links, oldest first.' })
export class DiscordUserConnection extends connectionOf(
  DiscordUser,
  'DiscordUser',
  'a link',
) {}

export function toDiscordUser(view: LinkView): DiscordUser {
  return {
    id: view.id,
    clientId: view.clientId,
    platformUserId: view.platformUserId,
    roleIds: view.roleIds,
    discordUserId: view.discordUserId,
    username: view.username,
    displayName: view.displayName,
    nickname: view.nickname,
    state: view.state,
    reason: view.reason,
    screening: view.isScreening,
    banned: view.isBanned,
    timedOutUntil: view.timedOutUntil,
    lastReconciledAt: view.lastReconciledAt,
    linkedAt: view.linkedAt,
  };
}
