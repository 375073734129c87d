import { ArgsType, Field, Int } from './decorators.js';

/** Which rows of a list. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: 'Page size, 1 to 200. Default 50.' })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor: the page starts after this item. Omitted: from the start of the list.',
  })
  after?: string | null;
}
