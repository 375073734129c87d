import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValidationContext,
  valueFromASTUntyped,
} from 'graphql';

/**
 * Within these limits an operation is cheap to parse, validate, plan and execute. `cost` limits the
 * number of fields in the response: see `costOf`.
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
    // graphql-js limits the depth of introspection itself.
    field: (name, below) => (name.startsWith('__') ? 0 : 1 + below()),
    together: (one, other) => Math.max(one, other),
    limit: LIMITS.depth,
    message: `The operation is nested deeper than ${LIMITS.depth} fields.`,
  }),
  limitSize({
    // `__typename` reads no data.
    field: (name) => (name === '__typename' ? 0 : 1),
    together: (one, other) => one + other,
    limit: LIMITS.rootFields,
    message: `The operation has more than ${LIMITS.rootFields} root fields.`,
  }),
  // Counts fields after expanding all fragments. In a chain of fragments that each spread the next
  // one twice, every fragment doubles the number of fields.
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

/**
 * Creates a function that measures a selection set. It measures each fragment once, so that nested
 * spreads do not multiply the work.
 */
function measureSets(
  context: ValidationContext,
  rule: Pick<SizeRule, 'field' | 'together'>,
): (set: SelectionSetNode) => number {
  const measured = new Map<string, number>();
  const fragment = (name: string): number => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // Another rule rejects recursive fragments. This 0 only ends the recursion here.
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

/** Default and maximum page size. */
const PAGE = { usual: 50, most: 200 };
/** Assumed length of a list without pages, such as roles, mappings, or a person's groups. */
const ITEMS = 10;
/** Maximum length of a list in an input. */
const GIVEN = 5_000;
/**
 * Approximate number of fields in the full introspection result. Partial introspection costs the
 * same.
 */
const INTROSPECTION = 10_000;

export interface PricedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Estimates how many fields a response can hold, before execution. A field in a page counts `first`
 * times. A field in a list counts once per item if the input names the items, else ten times. The
 * document must be valid, because recursive fragments would never end.
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
 * Cached costs of operations that do not depend on variables. Parsed documents are cached, so
 * repeated requests use the same operation object.
 */
const PRICES = new WeakMap<OperationDefinitionNode, number>();

type Field = GraphQLField<unknown, unknown>;
type Parent = GraphQLNamedType | null;

class Pricing {
  /**
   * Cost by fragment name and list length. Each is computed once, so that nested spreads add no
   * work.
   */
  private readonly known = new Map<string, number>();
  dependsOnVariables = false;

  constructor(
    private readonly its: PricedOperation,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {}

  /** `items` is the assumed length of the lists in this selection set. */
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

  /**
   * Returns the length of the field's list argument, which names the items of the result. Null if
   * the field has none.
   */
  private given(node: FieldNode, field: Field): number | null {
    const lists = field.args
      .filter((argument) => isListType(getNullableType(argument.type)))
      .map((argument): unknown => this.argument(node, argument.name))
      .filter((value) => Array.isArray(value));
    const length = lists[0]?.length ?? null;
    // The resolver rejects a longer list with an error that names the field.
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

/**
 * Returns the page size for a `first` argument. An invalid `first` counts as the maximum here and
 * is rejected later with its own error.
 */
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
