import type { RoleRefusal } from '../../model.js';
import { Field, Int, ObjectType } from '../kit/decorators.js';
import { RoleRefusalEnum } from '../kit/enums.js';
import { Snowflake } from '../kit/scalars.js';
import type { RoleKey, RoleView } from '../kit/views.js';

@ObjectType({ description: 'A role of a guild.', simpleResolvers: true })
export class DiscordRole {
  readonly clientId!: string;

  @Field(() => Snowflake, { description: "Discord's." })
  readonly id!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The name at Discord. Null if the role was never read, such as a role deleted long ago.',
  })
  readonly name!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The role's position in the guild; higher is more powerful.",
  })
  readonly position!: number | null;

  @Field(() => Int, { nullable: true, description: 'The colour as 0xRRGGBB; 0 means none.' })
  readonly color!: number | null;

  @Field(() => Boolean, {
    description:
      "True if only Discord or an integration can add and remove the role (Discord's word: managed).",
  })
  readonly managed!: boolean;

  @Field(() => RoleRefusalEnum, {
    nullable: true,
    description: 'Why the bot cannot add or remove the role. Null if it can.',
  })
  readonly refusal!: RoleRefusal | null;
}

/** A role that was never read still has its id. */
export function toDiscordRole(key: RoleKey, view: RoleView | undefined): DiscordRole {
  return {
    clientId: key.clientId,
    id: key.roleId,
    name: view?.name ?? null,
    position: view?.position ?? null,
    color: view?.color ?? null,
    managed: view?.isManaged ?? false,
    refusal: view ? view.refusal : 'UNKNOWN_ROLE',
  };
}
