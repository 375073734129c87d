import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  typeFromAST,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Default and maximum page size. */
const PAGE = { usual: 50, most: 200 };
/** Assumed size of a list without pages: roles, mappings, a person's groups. */
const ITEMS = 10;
/** Maximum size of a list in an input. */
const GIVEN = 5_000;
/** Approximate size of the full introspection result; partial introspection costs the same. */
const INTROSPECTION = 10_000;

export interface PricedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Upper bound for the number of fields in a response, computed before execution: a page counts as
 * often as its `first`, a list in the input as often as it has items, any other list ten times.
 * Only for valid documents: recursive fragments would never end.
 */
export function costOf(its: PricedOperation): number {
  const known = PRICES.get(its.operation);
  if (known !== undefined) return known;
  const { schema, document, operation } = its;
  const root = schema.getRootType(operation.operation) ?? null;
  const variables = withDefaults(its);
  const pricing = new Pricing({ ...its, variables }, fragmentsOf(document));
  const price = pricing.ofSet(operation.selectionSet, root, ITEMS);
  if (!pricing.dependsOnVariables) PRICES.set(operation, price);
  return price;
}

/**
 * Costs of operations that do not depend on variables: documents are cached and repeated all day.
 */
const PRICES = new WeakMap<OperationDefinitionNode, number>();

type Field = GraphQLField<unknown, unknown>;
type Parent = GraphQLNamedType | null;

class Pricing {
  /** A fragment is priced once: what doubles itself costs no more time than its text. */
  private readonly known = new Map<string, number>();
  dependsOnVariables = false;

  constructor(
    private readonly its: PricedOperation,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {}

  /** `items`: size of the lists in this selection set. */
  ofSet(set: SelectionSetNode, parent: Parent, items: number): number {
    return set.selections.reduce(
      (sum, selection) => sum + this.ofSelection(selection, parent, items),
      0,
    );
  }

  private ofSelection(selection: SelectionNode, parent: Parent, items: number): number {
    if (selection.kind === Kind.FIELD) return this.ofField(selection, parent, items);
    if (selection.kind === Kind.FRAGMENT_SPREAD)
      return this.ofFragment(selection.name.value, items);
    const { typeCondition, selectionSet } = selection;
    const type = typeCondition ? typeFromAST(this.its.schema, typeCondition) : parent;
    return this.ofSet(selectionSet, type ?? null, items);
  }

  private ofFragment(name: string, items: number): number {
    const key = `${name} ${items}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    if (!fragment) return 0;
    const type = typeFromAST(this.its.schema, fragment.typeCondition) ?? null;
    const price = this.ofSet(fragment.selectionSet, type, items);
    this.known.set(key, price);
    return price;
  }

  private ofField(node: FieldNode, parent: Parent, items: number): number {
    const name = node.name.value;
    if (name === '__schema' || name === '__type') return INTROSPECTION;
    const isObject = isObjectType(parent) || isInterfaceType(parent);
    const field = isObject ? parent.getFields()[name] : undefined;
    if (!field || !node.selectionSet) return 1;
    const isPaged = field.args.some((arg) => arg.name === 'first');
    const inside = isPaged ? pageSize(this.argument(node, 'first')) : ITEMS;
    const type = getNamedType(field.type);
    const below = this.ofSet(node.selectionSet, type, inside);
    if (!isListType(getNullableType(field.type))) return 1 + below;
    return 1 + (this.given(node, field) ?? items) * below;
  }

  /** How many items the answer has because the request names each. */
  private given(node: FieldNode, field: Field): number | null {
    const lists = field.args
      .filter((argument) => isListType(getNullableType(argument.type)))
      .map((argument): unknown => this.argument(node, argument.name))
      .filter((value) => Array.isArray(value));
    const length = lists[0]?.length ?? null;
    // Longer ones are refused, in words that name the field.
    return length !== null && length > GIVEN ? 0 : length;
  }

  private argument(node: FieldNode, name: string): unknown {
    const given = node.arguments?.find((each) => each.name.value === name);
    if (!given) return undefined;
    if (given.value.kind === Kind.VARIABLE) this.dependsOnVariables = true;
    return valueFromASTUntyped(given.value, this.its.variables);
  }
}

function withDefaults(its: PricedOperation): PricedOperation['variables'] {
  const definitions = its.operation.variableDefinitions ?? [];
  const byDefault = definitions.flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
  );
  return { ...Object.fromEntries(byDefault), ...its.variables };
}

/** Invalid sizes are rejected later with their own error. */
function pageSize(first: unknown): number {
  if (first === undefined || first === null) return PAGE.usual;
  const isSize = typeof first === 'number' && first >= 1;
  return isSize ? Math.min(first, PAGE.most) : PAGE.most;
}

function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
}
