import { ArgsType, Directive, Field, Int, ObjectType } from './decorators.js';

/**
 * `@shareable`, because every service of the federation with Relay pagination defines this type.
 */
@Directive('@shareable')
@ObjectType({ description: 'The position of a page in its list.', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'True if there are more items after this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, {
    description: 'True if `after` was given, so there may be items before this page.',
  })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first item. Null on an empty page.',
  })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last item: pass it as `after`. Null on an empty page.',
  })
  readonly endCursor!: string | null;
}

interface EdgeOf<Node> {
  readonly cursor: string;
  readonly node: Node;
}

export interface ConnectionOf<Node> {
  readonly edges: readonly EdgeOf<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfo;
  /** Called only when the request selects `totalCount`. */
  readonly count: () => Promise<number>;
}

type Class<Instance> = new () => Instance;

/** Creates the Relay edge and connection types of a node type. Returns the connection. */
export function connectionOf<Node extends object>(
  node: Class<Node>,
  name: string,
  noun: string,
): Class<ConnectionOf<Node>> {
  @ObjectType(`${name}Edge`, {
    description: `One item of a page: ${noun} and its cursor.`,
    simpleResolvers: true,
  })
  class Edge implements EdgeOf<Node> {
    @Field(() => String, { description: "The item's cursor; opaque." })
    readonly cursor!: string;

    @Field(() => node, { description: 'The item.' })
    readonly node!: Node;
  }

  @ObjectType({ description: 'A page of a list.' })
  class Connection implements ConnectionOf<Node> {
    readonly count!: () => Promise<number>;

    @Field(() => [Edge], {
      description: 'The items of this page with their cursors.',
      simple: true,
    })
    readonly edges!: readonly EdgeOf<Node>[];

    @Field(() => [node], { description: 'The items of this page.', simple: true })
    readonly nodes!: readonly Node[];

    @Field(() => PageInfo, { description: 'The position of this page.', simple: true })
    readonly pageInfo!: PageInfo;

    @Field(() => Int, {
      description: 'Number of items in the whole list. Only computed if selected.',
    })
    totalCount(): Promise<number> {
      return this.count();
    }
  }
  return Connection;
}

/** The requested page of a list. */
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
