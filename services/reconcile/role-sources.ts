import type { RoleId } from '../model.js';
import {
  judgeWholeList,
  type ListVerdict,
  type RoleSource,
} from './whole-list.js';
import type { Pending } from './writes.js';

/** What one run knows of a member's roles besides the newest state, to judge whether a whole list may be written. */
export class RoleSources {
  readonly #changing: ReadonlySet<RoleId>;
  readonly #earlier: RoleSource[] = [];
  #readAtMs: number | null;

  constructor(start: {
    readonly add: readonly RoleId[];
    readonly remove: readonly RoleId[];
    /** Roles that a run broken off may have changed since the mirror was read. */
    readonly unfinished: readonly RoleId[];
    /** What the mirror showed before the member was read; null: no mirror, or the member was not in the guild. */
    readonly mirrored: readonly RoleId[] | null;
    /** When the member was read, in ms; null: the run starts from the mirror. */
    readonly readAtMs: number | null;
  }) {
    const { add, remove, unfinished, mirrored, readAtMs } = start;
    this.#changing = new Set([...add, ...remove, ...unfinished]);
    this.#readAtMs = readAtMs;
    if (readAtMs !== null && mirrored !== null)
      this.#earlier.push({ roleIds: mirrored, readAtMs: null });
  }

  /** The member was read once more: what they had until then is an earlier source. */
  renew(before: readonly RoleId[], readAtMs: number): void {
    this.#earlier.push({ roleIds: before, readAtMs: this.#readAtMs });
    this.#readAtMs = readAtMs;
  }

  judge(
    roleIds: readonly RoleId[],
    pending: Pending,
    now: number,
  ): ListVerdict {
    const newest = { roleIds, readAtMs: this.#readAtMs };
    return judgeWholeList({
      ...pending,
      sources: [...this.#earlier, newest],
      changing: this.#changing,
      now,
    });
  }

  /** Of a list, what the run leaves as it is. */
  carried(roleIds: readonly RoleId[]): readonly RoleId[] {
    return roleIds.filter((roleId) => !this.#changing.has(roleId));
  }
}
