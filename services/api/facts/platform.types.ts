import { connectionOf } from '../kit/connection.types.js';
import { Directive, Field, ID, ObjectType } from '../kit/decorators.js';
import { DateTime } from '../kit/scalars.js';

@ObjectType({
  description: 'Attributes of a platform user, used in nicknames.',
  simpleResolvers: true,
})
class PlatformUserAttributes {
  @Field(() => String, {
    nullable: true,
    description: 'Name of the primary character. Null if the user has none.',
  })
  readonly character?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the corporation. Null if the user has none.',
  })
  readonly corporation?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Ticker of the alliance. Null if the user has none.',
  })
  readonly alliance?: string | null;
}

@Directive('@key(fields: "id")')
@ObjectType({ description: 'A user of the platform.', simpleResolvers: true })
export class PlatformUser {
  @Field(() => ID, { description: "The user's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Directive('@shareable')
  @Field(() => String, {
    nullable: true,
    description: 'The user name. Null until the platform sends it.',
  })
  readonly username!: string | null;

  @Field(() => PlatformUserAttributes, { description: 'Attributes used in nicknames.' })
  readonly attributes!: PlatformUserAttributes;

  @Field(() => Boolean, {
    description:
      "True if the user's complete set of groups was received: the user is known not to be in any group that is not listed.",
  })
  readonly hasSnapshot!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the user was deleted. Null if it was not.',
  })
  readonly deletedAt!: Date | null;
}

@ObjectType({ description: 'A group of the platform.', simpleResolvers: true })
export class PlatformGroup {
  @Field(() => ID, { description: "The group's id, an opaque string issued by the platform." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description: "The group's name. Null until the platform sends it.",
  })
  readonly name!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the platform deleted the group. Null if it exists.',
  })
  readonly deletedAt!: Date | null;
}

@ObjectType({ description: 'A page of groups, by id.' })
export class PlatformGroupConnection extends connectionOf(
  PlatformGroup,
  'PlatformGroup',
  'a group',
) {}
