import {
  GraphQLError,
  Kind,
  type ASTVisitor,
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

export const limitRules = [
  limitAliases,
  limitDirectives,
  limitDepth,
  limitRootFields,
  limitSelections,
];

function limitAliases(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias) aliases += 1;
      if (aliases === LIMITS.aliases + 1)
        context.reportError(
          new GraphQLError(`The document has more than ${LIMITS.aliases} aliases.`),
        );
    },
  };
}

function limitDirectives(context: ValidationContext): ASTVisitor {
  let directives = 0;
  return {
    Directive() {
      directives += 1;
      if (directives === LIMITS.directives + 1)
        context.reportError(
          new GraphQLError(`The document has more than ${LIMITS.directives} directives.`),
        );
    },
  };
}

function limitDepth(context: ValidationContext): ASTVisitor {
  const depthOf = measureSets(context, {
    // Introspection has a depth of its own, which the library bounds.
    field: (name, below) => (name.startsWith('__') ? 0 : 1 + below()),
    together: (one, other) => Math.max(one, other),
  });
  return {
    OperationDefinition(node) {
      if (depthOf(node.selectionSet) > LIMITS.depth)
        context.reportError(
          new GraphQLError(`The operation is nested deeper than ${LIMITS.depth} fields.`),
        );
    },
  };
}

function limitRootFields(context: ValidationContext): ASTVisitor {
  const count = measureSets(context, {
    // It asks for nothing.
    field: (name) => (name === '__typename' ? 0 : 1),
    together: (one, other) => one + other,
  });
  return {
    OperationDefinition(node) {
      if (count(node.selectionSet) > LIMITS.rootFields)
        context.reportError(
          new GraphQLError(`The operation has more than ${LIMITS.rootFields} root fields.`),
        );
    },
  };
}

/**
 * With every fragment unfolded: a few lines that spread each other twice can ask for more fields
 * than there are atoms.
 */
function limitSelections(context: ValidationContext): ASTVisitor {
  const count = measureSets(context, {
    field: (_, below) => 1 + below(),
    together: (one, other) => one + other,
  });
  return {
    OperationDefinition(node) {
      if (count(node.selectionSet) > LIMITS.selections)
        context.reportError(
          new GraphQLError(
            `The operation selects more than ${LIMITS.selections} fields after expanding its fragments.`,
          ),
        );
    },
  };
}

/** Each fragment is measured once: spreads of spreads must not cost more than their text. */
function measureSets(
  context: ValidationContext,
  rule: {
    readonly field: (name: string, below: () => number) => number;
    readonly together: (one: number, other: number) => number;
  },
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
