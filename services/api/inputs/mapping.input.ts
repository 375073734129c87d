import type { Authority, Holders } from '../../model.js';
import { Field, ID, InputType } from '../decorators.js';
import { AuthorityEnum, HoldersEnum } from '../enums.js';
import { Snowflake } from '../scalars.js';

@InputType({
  description: 'A new mapping: members of the group shall have the role.',
})
export class CreateRoleMappingInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, { description: "The group: the platform's id." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role: Discord's id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    nullable: true,
    description: "Who has the say. Default: the client's.",
  })
  readonly authority?: Authority | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only count what it would mean. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({
  description: 'A change of who has the say; group and role never change.',
})
export class UpdateRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => AuthorityEnum, { description: 'Who has the say.' })
  readonly authority!: Authority;
}

@InputType({ description: 'A mapping to retire.' })
export class RetireRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => HoldersEnum, {
    description: 'What becomes of those who hold the role.',
  })
  readonly holders!: Holders;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only count what it would mean. Default false.',
  })
  readonly dryRun?: boolean | null;
}
