import type { LinkState } from '../../model.js';
import { Field, ID, ObjectType } from '../decorators.js';
import { LinkStateEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import { HealthCheck } from './client-health.types.js';
import { DiscordClient } from './discord-client.types.js';
import { DiscordRole } from './discord-role.types.js';
import { DiscordUser } from './discord-user.types.js';
import { MappingEffect, RoleMapping } from './role-mapping.types.js';

const WARNINGS = 'What the caller should know, though it was carried out.';

/*
 * One payload a mutation, even where two are alike today: a field added for one of them must not appear in the other.
 */

@ObjectType({ description: 'A client.', simpleResolvers: true })
abstract class ClientPayload {
  @Field(() => DiscordClient, { description: 'As it is now.' })
  readonly client!: DiscordClient;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'A client was set up.' })
export class CreateDiscordClientPayload extends ClientPayload {}

@ObjectType({ description: 'A client was changed.' })
export class UpdateDiscordClientPayload extends ClientPayload {}

@ObjectType({ description: 'A client was deleted.', simpleResolvers: true })
export class DeleteDiscordClientPayload {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => DiscordClient, {
    nullable: true,
    description: 'Still there while its roles are taken back; null: gone.',
  })
  readonly client!: DiscordClient | null;

  @Field(() => MappingEffect, { description: 'What it means for people.' })
  readonly effect!: MappingEffect;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A client was tried at Discord.',
  simpleResolvers: true,
})
export class CheckDiscordClientPayload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [HealthCheck], { description: 'What Discord answered.' })
  readonly checks!: readonly HealthCheck[];

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'Roles were read at Discord.',
  simpleResolvers: true,
})
export class ImportDiscordRolesPayload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [DiscordRole], { description: 'Every role of the guild.' })
  readonly roles!: readonly DiscordRole[];

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A mapping was made, or a dry run counted what it would mean.',
  simpleResolvers: true,
})
export class CreateRoleMappingPayload {
  @Field(() => RoleMapping, {
    nullable: true,
    description: 'As it is now; null after a dry run.',
  })
  readonly mapping!: RoleMapping | null;

  @Field(() => MappingEffect, { description: 'What it means for people.' })
  readonly effect!: MappingEffect;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description:
    'A mapping was retired, or a dry run counted what it would mean.',
  simpleResolvers: true,
})
export class RetireRoleMappingPayload {
  @Field(() => RoleMapping, { description: 'As it is now.' })
  readonly mapping!: RoleMapping;

  @Field(() => MappingEffect, { description: 'What it means for people.' })
  readonly effect!: MappingEffect;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'A mapping was changed.', simpleResolvers: true })
export class UpdateRoleMappingPayload {
  @Field(() => RoleMapping, { description: 'As it is now.' })
  readonly mapping!: RoleMapping;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'A link was made.', simpleResolvers: true })
export class LinkDiscordUserPayload {
  @Field(() => DiscordUser, { description: 'The link.' })
  readonly discordUser!: DiscordUser;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({
  description: 'A person may link a Discord account by signing in.',
  simpleResolvers: true,
})
export class BeginDiscordLinkPayload {
  @Field(() => String, {
    description:
      'Where to send the person: it works once, for one browser. Show it to nobody else.',
  })
  readonly url!: string;

  @Field(() => DateTime, { description: 'Until when it works.' })
  readonly expiresAt!: Date;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'A link was ended.', simpleResolvers: true })
export class UnlinkDiscordUserPayload {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'Still there while its roles are taken back; null: gone.',
  })
  readonly discordUser!: DiscordUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'A member was reconciled.', simpleResolvers: true })
export class ReconcileDiscordUserPayload {
  @Field(() => LinkStateEnum, {
    nullable: true,
    description:
      'What came of it. PENDING: five seconds were not enough, it goes on. Null: the link was ending and is gone.',
  })
  readonly state!: LinkState | null;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link; null: it was ending and is gone.',
  })
  readonly discordUser!: DiscordUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}
