import type { RoleId } from '../model.js';

/** One call to Discord. */
export type Write =
  | { readonly kind: 'removeRole'; readonly roleId: RoleId }
  | { readonly kind: 'addRole'; readonly roleId: RoleId }
  | {
      readonly kind: 'setRoles';
      readonly add: readonly RoleId[];
      readonly remove: readonly RoleId[];
    };

/** Up to this many changes go one by one: each is atomic and needs no read. */
export const MOST_SINGLE_WRITES = 2;

/** Removals first: a revoked privilege should not outlive a grant. */
export function chooseWrites(input: {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  readonly wholeListWrites: boolean;
}): readonly Write[] {
  const { add, remove, wholeListWrites } = input;
  if (wholeListWrites && add.length + remove.length > MOST_SINGLE_WRITES) {
    return [{ kind: 'setRoles', add, remove }];
  }
  return singleWrites({ add, remove });
}

export function singleWrites(changes: {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
}): readonly Write[] {
  return [
    ...changes.remove.map(
      (roleId) => ({ kind: 'removeRole', roleId }) as const,
    ),
    ...changes.add.map((roleId) => ({ kind: 'addRole', roleId }) as const),
  ];
}

/**
 * The whole list to write: what the member has now, with the changes made, less ids of roles that the guild no longer has, which
 * Discord may still show and would refuse. Foreign roles and those managed by Discord are carried over as they were read.
 */
export function wholeList(input: {
  readonly actual: readonly RoleId[];
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  readonly isGone: (roleId: RoleId) => boolean;
}): readonly RoleId[] {
  const { actual, add, remove, isGone } = input;
  const kept = actual.filter(
    (roleId) => !remove.includes(roleId) && !isGone(roleId),
  );
  return [...new Set([...kept, ...add])];
}
