import { ArgsType, Field, Int } from '../decorators.js';

/** Which rows of a list. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many, up to 200; 50 when left out.',
  })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Those after this cursor.',
  })
  after?: string | null;
}
