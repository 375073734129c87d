import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/**
 * Whether the request asks for the field at this path below the one that is being resolved: to read in one go what would be read
 * field by field. A field with a directive counts as not asked for: whether it is wanted is told later.
 */
export function selects(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  path: readonly string[],
): boolean {
  const reaches = (
    set: SelectionSetNode | undefined,
    [name, ...below]: readonly string[],
  ): boolean => {
    if (name === undefined) return true;
    const selected = set?.selections.some((selection) => {
      if (selection.directives?.length) return false;
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return reaches(selection.selectionSet, [name, ...below]);
      if (selection.kind === Kind.FIELD)
        return (
          selection.name.value === name &&
          reaches(selection.selectionSet, below)
        );
      const fragment = fragments[selection.name.value];
      return reaches(fragment?.selectionSet, [name, ...below]);
    });
    return selected ?? false;
  };
  return fieldNodes.some((node) => reaches(node.selectionSet, path));
}
