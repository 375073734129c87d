import { Field, ObjectType } from '../kit/decorators.js';
import { CheckVerdictEnum } from '../kit/enums.js';
import type { CheckResult } from '../kit/views.js';

@ObjectType({ description: 'One check and its remedy.', simpleResolvers: true })
export class HealthCheck {
  @Field(() => String, { description: 'What was checked.' })
  readonly name!: string;

  @Field(() => CheckVerdictEnum, { description: 'The result.' })
  readonly result!: CheckResult['result'];

  @Field(() => String, { description: 'What was found.' })
  readonly message!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What to do about it. Null if no action is needed.',
  })
  readonly remedy!: string | null;
}

@ObjectType({
  description: 'The latest health results. Does not call Discord; `checkDiscordClient` does.',
  simpleResolvers: true,
})
export class ClientHealth {
  @Field(() => [HealthCheck], { description: 'The checks.' })
  readonly checks!: readonly HealthCheck[];
}
