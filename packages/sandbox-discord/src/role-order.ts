import { ranksAbove } from './permissions.js';
import type { FullRole } from './world.js';

/** All roles, with new positions for those named. @everyone stays the lowest, where it is. */
export function placeRoles(
  guildId: string,
  roles: Iterable<FullRole>,
  positions: ReadonlyMap<string, number>,
): FullRole[] {
  return [...roles].map((role) => {
    const position = positions.get(role.roleId);
    if (position === undefined || role.roleId === guildId) return role;
    return { ...role, position: Math.max(position, 1) };
  });
}

export function highestFirst(roles: Iterable<FullRole>): FullRole[] {
  return [...roles].sort((a, b) => (ranksAbove(a, b) ? -1 : 1));
}

/**
 * All roles with new positions: the moved one gets its position, and the others shift. @everyone
 * stays at 0.
 */
export function moveRole(roles: readonly FullRole[], roleId: string, position: number): FullRole[] {
  const lowestFirst = highestFirst(roles).toReversed();
  const [everyone, ...others] = lowestFirst;
  const moved = others.find((role) => role.roleId === roleId);
  if (!everyone || !moved) return [...roles];
  const rest = others.filter((role) => role !== moved);
  const place = Math.min(Math.max(position, 1), others.length) - 1;
  return [everyone, ...rest.toSpliced(place, 0, moved)].map((role, index) => ({
    ...role,
    position: index,
  }));
}
