import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/**
 * Within these limits an operation is cheap to parse, validate, plan and execute. `cost` limits the
 * fields of the response: see `operation-cost.ts`.
 */
export const LIMITS = {
  tokens: 5000,
  depth: 12,
  aliases: 100,
  rootFields: 30,
  selections: 5000,
  directives: 50,
  cost: 250_000,
} as const;

type Rule = (context: ValidationContext) => ASTVisitor;

export const limitRules: Rule[] = [
  (context) => ({
    Field: limitCount(context, 'aliases', ({ alias }: FieldNode) => alias !== undefined),
  }),
  (context) => ({ Directive: limitCount(context, 'directives', () => true) }),
  limitSize({
    // Introspection has a depth of its own, which the library bounds.
    field: (name, below) => (name.startsWith('__') ? 0 : 1 + below()),
    together: (one, other) => Math.max(one, other),
    limit: LIMITS.depth,
    message: `The operation is nested deeper than ${LIMITS.depth} fields.`,
  }),
  limitSize({
    // It asks for nothing.
    field: (name) => (name === '__typename' ? 0 : 1),
    together: (one, other) => one + other,
    limit: LIMITS.rootFields,
    message: `The operation has more than ${LIMITS.rootFields} root fields.`,
  }),
  // With every fragment unfolded: a few lines that spread each other twice can ask for more fields
  // than there are atoms.
  limitSize({
    field: (_, below) => 1 + below(),
    together: (one, other) => one + other,
    limit: LIMITS.selections,
    message: `The operation selects more than ${LIMITS.selections} fields after expanding its fragments.`,
  }),
];

function limitCount<Node>(
  context: ValidationContext,
  what: 'aliases' | 'directives',
  counts: (node: Node) => boolean,
): (node: Node) => void {
  let count = 0;
  return (node) => {
    if (counts(node)) count += 1;
    if (count === LIMITS[what] + 1)
      context.reportError(new GraphQLError(`The document has more than ${LIMITS[what]} ${what}.`));
  };
}

interface SizeRule {
  readonly field: (name: string, below: () => number) => number;
  readonly together: (one: number, other: number) => number;
  readonly limit: number;
  readonly message: string;
}

function limitSize(rule: SizeRule): Rule {
  return (context) => {
    const sizeOf = measureSets(context, rule);
    return {
      OperationDefinition({ selectionSet }) {
        if (sizeOf(selectionSet) > rule.limit) context.reportError(new GraphQLError(rule.message));
      },
    };
  };
}

/** Each fragment is measured once: spreads of spreads must not cost more than their text. */
function measureSets(
  context: ValidationContext,
  rule: Pick<SizeRule, 'field' | 'together'>,
): (set: SelectionSetNode) => number {
  const measured = new Map<string, number>();
  const fragment = (name: string): number => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // A fragment within itself is refused by another rule; here it must only come to an end.
    measured.set(name, 0);
    const definition = context.getFragment(name);
    const size = definition ? measure(definition.selectionSet) : 0;
    measured.set(name, size);
    return size;
  };
  const measure = (set: SelectionSetNode): number =>
    set.selections
      .map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return fragment(selection.name.value);
        const below = selection.selectionSet;
        const inner = () => (below ? measure(below) : 0);
        return selection.kind === Kind.FIELD ? rule.field(selection.name.value, inner) : inner();
      })
      .reduce(rule.together, 0);
  return measure;
}
