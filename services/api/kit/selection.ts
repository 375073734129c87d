import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/** Results by field and path. Documents are cached, so their fields are the same each request. */
const KNOWN = new WeakMap<FieldNode, Map<string, boolean>>();

/**
 * Whether the request selects the field at this path below the current one, so that it can be read
 * in one go. A field with a directive counts as not selected: the directive is evaluated later.
 */
export function selects(
  { fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  path: readonly string[],
): boolean {
  const name = path.join('.');
  return fieldNodes.some((node) => {
    const known = KNOWN.get(node) ?? new Map<string, boolean>();
    KNOWN.set(node, known);
    const isKnown = known.get(name);
    if (isKnown !== undefined) return isKnown;
    const isSelected = reaches(node.selectionSet, path, fragments);
    known.set(name, isSelected);
    return isSelected;
  });
}

function reaches(
  set: SelectionSetNode | undefined,
  path: readonly string[],
  fragments: GraphQLResolveInfo['fragments'],
): boolean {
  const [name, ...below] = path;
  if (name === undefined) return true;
  const selected = set?.selections.some((selection) => {
    if (selection.directives?.length) return false;
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return reaches(selection.selectionSet, path, fragments);
    if (selection.kind === Kind.FIELD)
      return selection.name.value === name && reaches(selection.selectionSet, below, fragments);
    const fragment = fragments[selection.name.value];
    return reaches(fragment?.selectionSet, path, fragments);
  });
  return selected ?? false;
}
