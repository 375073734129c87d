import { Directive, Field, Int, ObjectType } from '../decorators.js';

/** Any service with Relay's pages has this type too. */
@Directive('@shareable')
@ObjectType({
  description: 'Where a page stands in its list.',
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: 'There is more after this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, {
    description: 'There may be more before this page: `after` was given.',
  })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the first item.',
  })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last item: give it as `after`.',
  })
  readonly endCursor!: string | null;
}

export interface EdgeOf<Node> {
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

/** The edge and the connection of a node type, as Relay has them. */
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
    @Field(() => String, { description: 'Its place in the list; opaque.' })
    readonly cursor!: string;

    @Field(() => node, { description: 'The item.' })
    readonly node!: Node;
  }

  @ObjectType({ description: 'A page.' })
  class Connection implements ConnectionOf<Node> {
    readonly count!: () => Promise<number>;

    @Field(() => [Edge], {
      description: 'The items of this page with their cursors.',
      simple: true,
    })
    readonly edges!: readonly EdgeOf<Node>[];

    @Field(() => [node], {
      description: 'The items of this page.',
      simple: true,
    })
    readonly nodes!: readonly Node[];

    @Field(() => PageInfo, {
      description: 'Where this page stands.',
      simple: true,
    })
    readonly pageInfo!: PageInfo;

    @Field(() => Int, {
      description:
        'How many items the whole list has; counted only when asked for.',
    })
    totalCount(): Promise<number> {
      return this.count();
    }
  }
  return Connection;
}
