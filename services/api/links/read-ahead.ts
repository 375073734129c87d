import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

import type { LinkId } from '../../model.js';
import { mayTouch } from '../access/access.js';
import type { ApiContext } from '../context.js';
import type { Loaders } from '../kit/loaders.js';
import type { DiscordUser } from './discord-user.types.js';

/** Returns whether the request selects the field at this path below a link. */
type AsksFor = (...path: readonly string[]) => boolean;

/**
 * Returns a link after preloading the fields that the request selects. Returns null if the link is
 * unknown or the caller may not access it. Fields that load the same link share one promise.
 */
export function loadWholeLink(
  context: ApiContext,
  id: LinkId,
  asksFor: AsksFor,
): Promise<DiscordUser | null> {
  const { loaders } = context;
  const wanted = wantedOf(asksFor);
  const name = `${id} ${Object.values(wanted).join()}`;
  return loaders.wholeLinks.of(name, async () => {
    const link = await loaders.links.load(id);
    if (!link || !mayTouch(context, link.clientId)) return null;
    await bringWanted(loaders, [link], wanted);
    return link;
  });
}

/** Preloads the selected fields of all these links, before their resolvers run. */
export async function readAhead(
  { loaders }: ApiContext,
  links: readonly DiscordUser[],
  asksFor: AsksFor,
): Promise<void> {
  return bringWanted(loaders, links, wantedOf(asksFor));
}

const wantedOf = (asksFor: AsksFor) => ({
  roles: asksFor('roles'),
  user: asksFor('platformUser'),
  groups: asksFor('platformUser', 'groups'),
});

/**
 * Preloads the wanted rows. A failure is ignored, because the field's resolver then reads again and
 * reports the error.
 */
async function bringWanted(
  loaders: Loaders,
  links: readonly DiscordUser[],
  wanted: ReturnType<typeof wantedOf>,
): Promise<void> {
  const userIds = links.map((link) => link.platformUserId);
  const roleKeys = () =>
    links.flatMap(({ clientId, roleIds }) => roleIds.map((roleId) => ({ clientId, roleId })));
  const coming = [
    wanted.roles && loaders.roles.bringAll(roleKeys()),
    wanted.user && loaders.platformUsers.bringAll(userIds),
    wanted.groups && loaders.groupsOfPlatformUser.bringAll(userIds),
  ].filter((each) => each instanceof Promise);
  if (coming.length > 0) await Promise.allSettled(coming);
}

/**
 * Cached results of `selects`, by field node and path. Parsed documents are cached, so repeated
 * requests have the same field nodes.
 */
const KNOWN = new WeakMap<FieldNode, Map<string, boolean>>();

/**
 * Returns whether the request selects the field at this path below the current field, so that it
 * can be preloaded. A field or fragment with a directive counts as not selected, because the
 * directive is evaluated later.
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
