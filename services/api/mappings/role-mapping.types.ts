import type { Authority } from '../../model.js';
import { connectionOf } from '../kit/connection.types.js';
import { Field, ID, Int, ObjectType } from '../kit/decorators.js';
import { AuthorityEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import { PlannedChanges } from '../sweeps/sweep.types.js';

@ObjectType({
  description: 'Maps a group to a role: members of the group get the role.',
  simpleResolvers: true,
})
export class RoleMapping {
  readonly clientId!: string;

  @Field(() => ID, { description: "The mapping's id, a UUID." })
  readonly id!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    description:
      "Which side decides who holds the role: the mapping's own authority, or the client's.",
  })
  readonly authority!: Authority;

  @Field(() => DateTime, { description: 'When the mapping was created.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the mapping was retired: it stays until its role is removed. Null: active.',
  })
  readonly retiredAt!: Date | null;
}

@ObjectType('MappingEffect', {
  description:
    'The effect of a change on members. Computed before the change from the last observed state.',
  simpleResolvers: true,
})
export class MappingEffectType extends PlannedChanges {
  @Field(() => Int, { description: 'Number of linked members who would get the role.' })
  readonly additions!: number;

  @Field(() => Int, { description: 'Number of linked members who would lose the role.' })
  readonly removals!: number;
}

@ObjectType({
  description:
    'A Discord account that holds a mapped role and has no link. The connector never changes its roles.',
  simpleResolvers: true,
})
export class UnlinkedHolder {
  /** The account's id. The list's cursors contain it. */
  readonly id!: string;

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

  @Field(() => Boolean, {
    name: 'bot',
    simple: false,
    description: 'The account belongs to a bot.',
  })
  readonly isBot!: boolean;

  @Field(() => DateTime, {
    name: 'lastReadAt',
    simple: false,
    nullable: true,
    description:
      'When the member list with this account was last requested from Discord; null: no complete list was saved.',
  })
  readonly readAt!: Date | null;
}

@ObjectType({ description: 'A page of unlinked holders of one role.' })
export class UnlinkedHolderConnection extends connectionOf(
  UnlinkedHolder,
  'UnlinkedHolder',
  'an account without a link',
) {}
