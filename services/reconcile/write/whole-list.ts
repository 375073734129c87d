import { CONFIRMING_MS, type MemberReading, type RoleId } from '../../model.js';
import { isScreened } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { Pending } from './writes.js';

/**
 * Whether a member's complete role list may be written; only this file decides that. A list
 * replaces every role of the member, so it never relies on a single reading: two sources must agree
 * on every role that the write leaves alone. Otherwise roles are written one at a time, which
 * affects no other role.
 */
export type ListVerdict =
  | { readonly kind: 'WRITE'; readonly roleIds: readonly RoleId[] }
  /** Read the member once more, then judge again. */
  | { readonly kind: 'READ' }
  | { readonly kind: 'SINGLES' };

/** A member's roles according to one reading or the mirror. */
export interface RoleSource {
  readonly roleIds: readonly RoleId[];
  /** When Discord answered, in ms; null: the roles come from the mirror and the time is unknown. */
  readonly readAtMs: number | null;
  /** True: the roles come from the mirror. False: Discord returned them in this run. */
  readonly isMirror: boolean;
}

/**
 * The newest source must be younger than this, because a list undoes whatever someone else changed
 * after the reading. One second covers the calls in between, and another reading costs less than a
 * lost change.
 */
export const FRESH_MS = 1_000;

/**
 * Whether the client and the member allow lists at all. If foreign roles have just disappeared from
 * a reading, a list could restore a role that someone else has removed.
 */
export function mayWriteLists(facts: MemberFacts, member: MemberReading): boolean {
  return facts.client.wholeListWrites && !facts.hasLostRoles && !isScreened(facts, member);
}

/** If two readings disagree, a third would not settle which one is right. */
const MOST_READINGS = 2;

export function judgeWholeList(input: {
  /** In the order they were read. The newest includes the single writes made after its reading. */
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
  // The newest source lacks a role, and no removal of that role is known. That reading may be
  // wrong, so write single roles, which keep the role.
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
 * Applies the changes to a list. Keeps every other role, even one that the guild's role list lacks:
 * the role may be newer than that list.
 */
function changedList(
  roleIds: readonly RoleId[],
  { add, remove }: { readonly add: readonly RoleId[]; readonly remove: readonly RoleId[] },
): readonly RoleId[] {
  const kept = roleIds.filter((roleId) => !remove.includes(roleId));
  return [...new Set([...kept, ...add])];
}

/** The member's roles as stored. */
export interface Mirrored {
  readonly roleIds: readonly RoleId[];
  /** When Discord last returned all of them, in ms of this process's clock; null: unknown. */
  readonly readAtMs: number | null;
}

/**
 * Returns the roles in the mirror; null: no mirror, or the member was not in the guild. `knownAtMs`
 * is when the facts were read. Events keep a live mirror current, so it counts as one source of
 * that time, however long ago Discord last returned the member.
 */
export function mirroredRoles(
  { mirror, mirrorAgeMs, isLive }: Pick<MemberFacts, 'mirror' | 'mirrorAgeMs' | 'isLive'>,
  knownAtMs: number,
): Mirrored | null {
  if (mirror?.isPresent !== true) return null;
  const ageMs = isLive ? 0 : mirrorAgeMs;
  return { roleIds: mirror.roleIds, readAtMs: ageMs === null ? null : knownAtMs - ageMs };
}

/** The sources of a member's roles in one run, to decide whether a whole list may be written. */
export class RoleSources {
  readonly #changing: ReadonlySet<RoleId>;
  readonly #earlier: RoleSource[] = [];
  #newest: Omit<RoleSource, 'roleIds'>;

  constructor(start: {
    readonly add: readonly RoleId[];
    readonly remove: readonly RoleId[];
    /** Roles that an interrupted run may have changed since the mirror was read. */
    readonly unfinished: readonly RoleId[];
    /**
     * The mirror before the member was read; null: no mirror, or the member was not in the guild.
     */
    readonly mirrored: Mirrored | null;
    /** When the member was read, in ms; null: the run starts from the mirror. */
    readonly readAtMs: number | null;
  }) {
    const { add, remove, unfinished, mirrored, readAtMs } = start;
    this.#changing = new Set([...add, ...remove, ...unfinished]);
    const mirror = mirrored && { ...mirrored, isMirror: true };
    this.#newest =
      readAtMs === null
        ? { readAtMs: mirror?.readAtMs ?? null, isMirror: true }
        : { readAtMs, isMirror: false };
    if (readAtMs !== null && mirror !== null) this.#earlier.push(mirror);
  }

  /** Adds a new reading. The roles known before it become an earlier source. */
  renew(before: readonly RoleId[], readAtMs: number): void {
    this.#earlier.push({ roleIds: before, ...this.#newest });
    this.#newest = { readAtMs, isMirror: false };
  }

  judge(roleIds: readonly RoleId[], pending: Pending, now: number): ListVerdict {
    const newest = { roleIds, ...this.#newest };
    return judgeWholeList({
      ...pending,
      sources: [...this.#earlier, newest],
      changing: this.#changing,
      now,
    });
  }

  /** Returns the roles of a list that the run does not change. */
  carried(roleIds: readonly RoleId[]): readonly RoleId[] {
    return roleIds.filter((roleId) => !this.#changing.has(roleId));
  }
}
