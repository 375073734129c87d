import { Field, ObjectType } from '../kit/decorators.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import type { UnlinkedHolderView } from './unlinked-ports.js';
import { connectionOf } from '../kit/connection.types.js';

@ObjectType({
  description:
    'A Discord account that holds a mapped role and has no link. The connector never changes its roles.',
  simpleResolvers: true,
})
export class UnlinkedHolder {
  @Field(() => Snowflake, { description: 'The Discord account.' })
  readonly discordUserId!: string;

  @Field(() => String, { description: "The account's unique name." })
  readonly username!: string;

  @Field(() => String, {
    nullable: true,
    description: "The account's display name; null: it has none.",
  })
  readonly displayName!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The nickname in the server; null: it has none.',
  })
  readonly nickname!: string | null;

  @Field(() => Boolean, { description: 'The account belongs to a bot.' })
  readonly bot!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the member list with this account was last requested from Discord; null: no complete list was saved.',
  })
  readonly lastReadAt!: Date | null;
}

@ObjectType({ description: 'A page of unlinked holders of one role.' })
export class UnlinkedHolderConnection extends connectionOf(
  UnlinkedHolder,
  'UnlinkedHolder',
  'an account without a link',
) {}

export function toUnlinkedHolder(view: UnlinkedHolderView): UnlinkedHolder {
  return {
    discordUserId: view.discordUserId,
    username: view.username,
    displayName: view.displayName,
    nickname: view.nickname,
    bot: view.isBot,
    lastReadAt: view.readAt,
  };
}
