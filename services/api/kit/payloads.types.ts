import type { LinkState } from '../../model.js';
import { Field, ID, ObjectType } from './decorators.js';
import { LinkStateEnum } from './enums.js';
import { DateTime } from './scalars.js';
import { DiscordClient, DiscordRole, HealthCheck } from '../clients/discord-client.types.js';
import { DiscordUser } from '../links/discord-user.types.js';
import { MappingEffectType, RoleMapping } from '../mappings/role-mapping.types.js';

const WARNINGS = 'Warnings about an operation that succeeded.';

/*
 * One payload a mutation, even where two are alike today: a field added for one of them must not appear in the other.
 */

@ObjectType({ description: 'A client.', simpleResolvers: true })
abstract class ClientPayload {
  @Field(() => DiscordClient, { description: 'The current state of the client.' })
  readonly client!: DiscordClient;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `createDiscordClient`.' })
export class CreateDiscordClientPayload extends ClientPayload {}

@ObjectType({ description: 'The result of `updateDiscordClient`.' })
export class UpdateDiscordClientPayload extends ClientPayload {}

@ObjectType({ description: 'The result of `deleteDiscordClient`.', simpleResolvers: true })
export class DeleteDiscordClientPayload {
  @Field(() => ID, { description: "The client's id." })
  readonly id!: string;

  @Field(() => DiscordClient, {
    nullable: true,
    description: 'The client while its roles are being removed. Null: deleted.',
  })
  readonly client!: DiscordClient | null;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `checkDiscordClient`.', simpleResolvers: true })
export class CheckDiscordClientPayload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [HealthCheck], { description: 'The checks at Discord.' })
  readonly checks!: readonly HealthCheck[];

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `importDiscordRoles`.', simpleResolvers: true })
export class ImportDiscordRolesPayload {
  @Field(() => DiscordClient, { description: 'The client.' })
  readonly client!: DiscordClient;

  @Field(() => [DiscordRole], { description: 'All roles of the guild.' })
  readonly roles!: readonly DiscordRole[];

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `createRoleMapping`.', simpleResolvers: true })
export class CreateRoleMappingPayload {
  @Field(() => RoleMapping, { nullable: true, description: 'The mapping. Null after a dry run.' })
  readonly mapping!: RoleMapping | null;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `retireRoleMapping`.', simpleResolvers: true })
export class RetireRoleMappingPayload {
  @Field(() => RoleMapping, { description: 'The mapping.' })
  readonly mapping!: RoleMapping;

  @Field(() => MappingEffectType, { description: 'The effect on members.' })
  readonly effect!: MappingEffectType;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `updateRoleMapping`.', simpleResolvers: true })
export class UpdateRoleMappingPayload {
  @Field(() => RoleMapping, { description: 'The mapping.' })
  readonly mapping!: RoleMapping;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `linkDiscordUser`.', simpleResolvers: true })
export class LinkDiscordUserPayload {
  @Field(() => DiscordUser, { description: 'The link.' })
  readonly discordUser!: DiscordUser;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `beginDiscordLink`.', simpleResolvers: true })
export class BeginDiscordLinkPayload {
  @Field(() => String, {
    description:
      "URL to open in the person's browser. Works once, in one browser. Do not show it to anyone else.",
  })
  readonly url!: string;

  @Field(() => DateTime, { description: 'When the URL expires.' })
  readonly expiresAt!: Date;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `unlinkDiscordUser`.', simpleResolvers: true })
export class UnlinkDiscordUserPayload {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link while its roles are being removed. Null: removed.',
  })
  readonly discordUser!: DiscordUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}

@ObjectType({ description: 'The result of `reconcileDiscordUser`.', simpleResolvers: true })
export class ReconcileDiscordUserPayload {
  @Field(() => LinkStateEnum, {
    nullable: true,
    description:
      'The outcome. PENDING: not finished within five seconds, continues in the background. Null: the link was ending and is removed.',
  })
  readonly state!: LinkState | null;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link. Null: it was ending and is removed.',
  })
  readonly discordUser!: DiscordUser | null;

  @Field(() => [String], { description: WARNINGS })
  readonly warnings!: readonly string[];
}
