import type { RoleId } from '../../model.js';
import type { MemberFacts } from '../ports.js';
import { judgeWholeList, type ListVerdict, type RoleSource } from '../write/whole-list.js';
import type { Pending } from '../write/writes.js';

/** The member's roles as stored. */
export interface Mirrored {
  readonly roleIds: readonly RoleId[];
  /** When Discord last returned all of them, in ms of this process's clock; null: unknown. */
  readonly readAtMs: number | null;
}

/** Null: no mirror, or the member was not in the guild. `knownAtMs` is when the facts were read. */
export function mirroredRoles(
  { mirror, mirrorAgeMs }: Pick<MemberFacts, 'mirror' | 'mirrorAgeMs'>,
  knownAtMs: number,
): Mirrored | null {
  if (mirror?.isPresent !== true) return null;
  return {
    roleIds: mirror.roleIds,
    readAtMs: mirrorAgeMs === null ? null : knownAtMs - mirrorAgeMs,
  };
}

/**
 * What a run knows of a member's roles besides the newest state, to decide whether a whole list may
 * be written.
 */
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

  /** The member was read again. The roles known until then become an earlier source. */
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

  /** The roles of a list that the run does not change. */
  carried(roleIds: readonly RoleId[]): readonly RoleId[] {
    return roleIds.filter((roleId) => !this.#changing.has(roleId));
  }
}
