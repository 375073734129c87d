import { Directive, Field, ID, ObjectType } from '../decorators.js';
import { DateTime } from '../scalars.js';
import type { PlatformGroupView, PlatformUserView } from '../views.js';
import { connectionOf } from './connection.types.js';

@ObjectType({
  description: 'What the platform says of a user, for nicknames.',
  simpleResolvers: true,
})
export class PlatformUserAttributes {
  @Field(() => String, {
    nullable: true,
    description: 'The name of the primary character.',
  })
  readonly character!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The corporation's ticker.",
  })
  readonly corporation!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The alliance's ticker.",
  })
  readonly alliance!: string | null;
}

@Directive('@key(fields: "id")')
@ObjectType({
  description: 'A user of the platform.',
  simpleResolvers: true,
})
export class PlatformUser {
  @Field(() => ID, { description: "The platform's; opaque." })
  readonly id!: string;

  @Directive('@shareable')
  @Field(() => String, {
    nullable: true,
    description: 'Null until the platform told it.',
  })
  readonly username!: string | null;

  @Field(() => PlatformUserAttributes, { description: 'For nicknames.' })
  readonly attributes!: PlatformUserAttributes;

  @Field(() => Boolean, {
    description:
      "The user's whole set of groups was received: a group not listed is known not to hold the user.",
  })
  readonly hasSnapshot!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the user was deleted; null while it is not.',
  })
  readonly deletedAt!: Date | null;
}

@ObjectType({
  description: 'A group of the platform.',
  simpleResolvers: true,
})
export class PlatformGroup {
  @Field(() => ID, { description: "The platform's; opaque." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Null until the platform told it.',
  })
  readonly name!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Set while the platform says that the group is deleted.',
  })
  readonly deletedAt!: Date | null;
}

@ObjectType({ description: 'A page of groups, by id.' })
export class PlatformGroupConnection extends connectionOf(
  PlatformGroup,
  'PlatformGroup',
  'a group',
) {}

export function toPlatformUser(view: PlatformUserView): PlatformUser {
  const { character, corporation, alliance } = view.attributes;
  return {
    id: view.id,
    username: view.username,
    attributes: {
      character: character ?? null,
      corporation: corporation ?? null,
      alliance: alliance ?? null,
    },
    hasSnapshot: view.hasSnapshot,
    deletedAt: view.deletedAt,
  };
}

export function toPlatformGroup(view: PlatformGroupView): PlatformGroup {
  return { id: view.id, name: view.name, deletedAt: view.deletedAt };
}
