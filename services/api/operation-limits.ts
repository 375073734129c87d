import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** An operation within these is small to parse, to check and to plan, whatever it asks for. */
export const LIMITS = { tokens: 5000, depth: 12, aliases: 100 } as const;

export const limitRules = [limitAliases, limitDepth];

function limitAliases(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias) aliases += 1;
      if (aliases === LIMITS.aliases + 1)
        context.reportError(
          new GraphQLError(
            `More than ${LIMITS.aliases} aliases in one document.`,
          ),
        );
    },
  };
}

function limitDepth(context: ValidationContext): ASTVisitor {
  // Each fragment is measured once: spreads of spreads must not cost more than their text.
  const fragmentDepths = new Map<string, number>();
  return {
    OperationDefinition(node) {
      if (depthOf(node.selectionSet, context, fragmentDepths) > LIMITS.depth)
        context.reportError(
          new GraphQLError(
            `The operation is nested deeper than ${LIMITS.depth} fields.`,
          ),
        );
    },
  };
}

function depthOf(
  set: SelectionSetNode,
  context: ValidationContext,
  fragmentDepths: Map<string, number>,
): number {
  let deepest = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = context.getFragment(selection.name.value);
      if (fragment)
        deepest = Math.max(
          deepest,
          fragmentDepth(fragment, context, fragmentDepths),
        );
      continue;
    }
    const isField = selection.kind === Kind.FIELD;
    // Introspection has a depth of its own, which the library bounds.
    if (isField && selection.name.value.startsWith('__')) continue;
    const below = selection.selectionSet
      ? depthOf(selection.selectionSet, context, fragmentDepths)
      : 0;
    deepest = Math.max(deepest, below + (isField ? 1 : 0));
  }
  return deepest;
}

function fragmentDepth(
  fragment: FragmentDefinitionNode,
  context: ValidationContext,
  fragmentDepths: Map<string, number>,
): number {
  const name = fragment.name.value;
  const known = fragmentDepths.get(name);
  if (known !== undefined) return known;
  // A fragment within itself is refused by another rule; here it must only come to an end.
  fragmentDepths.set(name, 0);
  const depth = depthOf(fragment.selectionSet, context, fragmentDepths);
  fragmentDepths.set(name, depth);
  return depth;
}
