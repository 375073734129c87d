import type { RoleRefusal } from '../../model.js';
import { Field, Int, ObjectType } from '../decorators.js';
import { RoleRefusalEnum } from '../enums.js';
import type { RoleKey } from '../loaders.js';
import { Snowflake } from '../scalars.js';
import type { RoleView } from '../views.js';

@ObjectType({
  description: 'A role of a guild.',
  simpleResolvers: true,
})
export class DiscordRole {
  readonly clientId!: string;

  @Field(() => Snowflake, { description: "Discord's." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'As Discord shows it; null when the role was never read, as with roles deleted long ago.',
  })
  readonly name!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Its place among the roles of the guild; higher stands above.',
  })
  readonly position!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Its colour as 0xRRGGBB; 0: none.',
  })
  readonly color!: number | null;

  @Field(() => Boolean, {
    description:
      "Discord or an integration alone gives and takes it (Discord's word: managed).",
  })
  readonly isIntegrated!: boolean;

  @Field(() => RoleRefusalEnum, {
    nullable: true,
    description: 'Why the bot can neither give nor take it; null when it can.',
  })
  readonly refusal!: RoleRefusal | null;
}

/** A role that was never read still has its id. */
export function toDiscordRole(
  key: RoleKey,
  view: RoleView | undefined,
): DiscordRole {
  return {
    clientId: key.clientId,
    id: key.roleId,
    name: view?.name ?? null,
    position: view?.position ?? null,
    color: view?.color ?? null,
    isIntegrated: view?.isManaged ?? false,
    refusal: view ? view.refusal : 'UNKNOWN_ROLE',
  };
}
