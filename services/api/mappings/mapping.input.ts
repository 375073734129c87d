import type { Authority, Holders } from '../../model.js';
import { Field, ID, InputType } from '../kit/decorators.js';
import { AuthorityEnum, HoldersEnum } from '../kit/enums.js';
import { Snowflake } from '../kit/scalars.js';

@InputType({ description: 'A new mapping: members of the group get the role.' })
export class CreateRoleMappingInput {
  @Field(() => ID, { description: "The client's id." })
  readonly clientId!: string;

  @Field(() => ID, { description: "The group's id, issued by the platform." })
  readonly groupId!: string;

  @Field(() => Snowflake, { description: "The role's Discord id." })
  readonly roleId!: string;

  @Field(() => AuthorityEnum, {
    nullable: true,
    description: "Which side decides who holds the role. Default: the client's authority.",
  })
  readonly authority?: Authority | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the effect. Default false.',
  })
  readonly dryRun?: boolean | null;
}

@InputType({ description: "A change of a mapping's authority. Its group and role never change." })
export class UpdateRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => AuthorityEnum, { description: 'Which side decides who holds the role.' })
  readonly authority!: Authority;
}

@InputType({ description: 'The mapping to retire.' })
export class RetireRoleMappingInput {
  @Field(() => ID, { description: "The mapping's id." })
  readonly id!: string;

  @Field(() => HoldersEnum, { description: 'What happens to the holders of the role.' })
  readonly holders!: Holders;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only compute the effect. Default false.',
  })
  readonly dryRun?: boolean | null;
}
