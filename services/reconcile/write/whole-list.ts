import { CONFIRMING_MS, type RoleId } from '../../model.js';

/**
 * Decides whether a member's whole role list may be written, and which; no other file does. A list
 * replaces every role the member has, so it is never built on a single answer: two sources must
 * agree on every role that the write leaves alone. Otherwise roles are written one at a time, which
 * cannot affect any other.
 */
export type ListVerdict =
  | { readonly kind: 'WRITE'; readonly roleIds: readonly RoleId[] }
  /** One more reading of the member may settle it. */
  | { readonly kind: 'READ' }
  | { readonly kind: 'SINGLES' };

/** One account of a member's roles. */
export interface RoleSource {
  readonly roleIds: readonly RoleId[];
  /** When Discord answered, in ms; null: the mirror, at an unknown time. */
  readonly readAtMs: number | null;
  /** True: the stored state, not an answer to this run. */
  readonly isMirror: boolean;
}

/**
 * The newest source must be younger than this, because the write undoes an edit that someone else
 * made since. One second covers the calls in between, and a second reading costs less than a lost
 * edit.
 */
export const FRESH_MS = 1_000;

/** If two readings disagree, a third would not settle it. */
const MOST_READINGS = 2;

export function judgeWholeList(input: {
  /** In the order they were read. The newest includes the single writes made since. */
  readonly sources: readonly RoleSource[];
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Roles that this run, or an unfinished run before it, changes. Sources may differ in these. */
  readonly changing: ReadonlySet<RoleId>;
  readonly now: number;
}): ListVerdict {
  const { sources, changing, now } = input;
  const newest = sources.at(-1);
  if (newest === undefined) return { kind: 'READ' };
  const keeps = (source: RoleSource) => source.roleIds.filter((roleId) => !changing.has(roleId));
  const kept = keeps(newest);
  const earlier = sources.slice(0, -1).map(keeps);
  // No removal of the role is known, so doubt the reading rather than drop the role.
  if (!earlier.every((before) => includesAll(kept, before))) return { kind: 'SINGLES' };
  if (newest.isMirror || !isYounger(newest, FRESH_MS, now)) return { kind: 'READ' };
  const confirming = sources.slice(0, -1).filter((source) => isYounger(source, CONFIRMING_MS, now));
  if (confirming.some((before) => includesAll(keeps(before), kept)))
    return { kind: 'WRITE', roleIds: changedList(newest.roleIds, input) };
  const readings = sources.filter(({ isMirror }) => !isMirror);
  return { kind: readings.length < MOST_READINGS ? 'READ' : 'SINGLES' };
}

function isYounger({ readAtMs }: RoleSource, ms: number, now: number): boolean {
  return readAtMs !== null && now - readAtMs < ms;
}

function includesAll(all: readonly RoleId[], some: readonly RoleId[]): boolean {
  return some.every((roleId) => all.includes(roleId));
}

/**
 * Every other role is kept, even one that the guild's role list lacks, because it may be newer than
 * that list.
 */
function changedList(
  roleIds: readonly RoleId[],
  { add, remove }: { readonly add: readonly RoleId[]; readonly remove: readonly RoleId[] },
): readonly RoleId[] {
  const kept = roleIds.filter((roleId) => !remove.includes(roleId));
  return [...new Set([...kept, ...add])];
}
