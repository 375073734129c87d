import { Field, ObjectType } from '../decorators.js';
import { CheckVerdictEnum } from '../enums.js';
import type { CheckResult } from '../views.js';

@ObjectType({
  description: 'One thing looked at, and what to do about it.',
  simpleResolvers: true,
})
export class HealthCheck {
  @Field(() => String, { description: 'What was looked at.' })
  readonly name!: string;

  @Field(() => CheckVerdictEnum, { description: 'How it ended.' })
  readonly result!: CheckResult['result'];

  @Field(() => String, { description: 'What was found.' })
  readonly message!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What to do about it; null when there is nothing to do.',
  })
  readonly remedy!: string | null;
}

@ObjectType({
  description:
    'How a client stands, from what is stored; nothing is asked of Discord. `checkDiscordClient` asks.',
  simpleResolvers: true,
})
export class ClientHealth {
  @Field(() => [HealthCheck], { description: 'What was looked at.' })
  readonly checks!: readonly HealthCheck[];
}
