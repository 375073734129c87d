import {
  LeaseLostError,
  TerminalError,
  UnavailableError,
} from '../lib/errors.js';
import type {
  AuditRecordId,
  MemberReading,
  PresentMember,
  RoleId,
} from '../model.js';
import type { GuildRoles } from './guild-roles.js';
import type { DiscordMembers, MemberTarget } from './ports.js';
import { chooseWrites, singleWrites, wholeList, type Write } from './writes.js';

/** A list read longer ago than this is read again before it is written back: the window in which a foreign edit could be undone. */
const FRESH_MS = 1_000;

export interface Changes {
  readonly target: MemberTarget;
  readonly recordId: AuditRecordId;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  readonly wholeListWrites: boolean;
  readonly actual: PresentMember;
  /** When `actual` was read from Discord, in ms; null: it is the mirror. */
  readonly readAtMs: number | null;
  /** False once the bot may be another process's: then nothing more is written. */
  readonly isLeased: () => boolean;
}

/** What was done. `interruption` is what ended it early; what stands before it in the list of writes was done. */
export interface Applied {
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  readonly observed: MemberReading;
  readonly refused: readonly RoleId[];
  readonly interruption: unknown;
}

interface Deps {
  readonly discord: Pick<
    DiscordMembers,
    'readMember' | 'addRole' | 'removeRole' | 'setRoles'
  >;
  readonly guildRoles: GuildRoles;
  readonly clock: () => number;
}

/** Carries changes out, one call at a time, and keeps count of what Discord accepted. Throws nothing. */
export function createApply(deps: Deps) {
  return async (changes: Changes): Promise<Applied> => {
    const run = new Run(deps, changes);
    try {
      await run.all(chooseWrites(changes));
    } catch (error) {
      return run.result(error);
    }
    return run.result(null);
  };
}

class Run {
  readonly #added: RoleId[] = [];
  readonly #removed: RoleId[] = [];
  readonly #refused: RoleId[] = [];
  #member: PresentMember;
  #readAtMs: number | null;
  #hasLeft = false;

  constructor(
    readonly deps: Deps,
    readonly changes: Changes,
  ) {
    this.#member = changes.actual;
    this.#readAtMs = changes.readAtMs;
  }

  result(interruption: unknown): Applied {
    return {
      added: this.#added,
      removed: this.#removed,
      refused: this.#refused,
      observed: this.#hasLeft
        ? { isPresent: false }
        : { isPresent: true, ...this.#member },
      interruption,
    };
  }

  async all(writes: readonly Write[]): Promise<void> {
    for (const write of writes) {
      if (this.#hasLeft) return;
      if (!this.changes.isLeased()) {
        throw new LeaseLostError(
          `the bot of client ${this.changes.target.clientId} is no longer ours`,
        );
      }
      await (write.kind === 'setRoles'
        ? this.#setRoles(write)
        : this.#single(write));
    }
  }

  async #single(write: Exclude<Write, { kind: 'setRoles' }>): Promise<void> {
    const call = {
      member: this.changes.target,
      roleId: write.roleId,
      reason: this.#reason(),
    };
    try {
      await this.deps.discord[write.kind](call);
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#hasLeft = true;
      else if (isRefusal(error, ...OF_ONE_ROLE))
        this.#refused.push(write.roleId);
      else throw error;
      return;
    }
    this.#member = {
      ...this.#member,
      roleIds: changed(this.#member.roleIds, write),
    };
    (write.kind === 'addRole' ? this.#added : this.#removed).push(write.roleId);
  }

  async #setRoles({
    add,
    remove,
  }: Extract<Write, { kind: 'setRoles' }>): Promise<void> {
    if (!(await this.#refresh())) return;
    const isGone = await this.deps.guildRoles.goneAmong(
      this.changes.target,
      this.#member.roleIds,
    );
    const roleIds = wholeList({
      actual: this.#member.roleIds,
      add,
      remove,
      isGone,
    });
    try {
      const answer = await this.deps.discord.setRoles({
        member: this.changes.target,
        roleIds,
        reason: this.#reason(),
      });
      this.#keep(answer ?? { ...this.#member, roleIds }, { add, remove });
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#hasLeft = true;
      // One bad role spoils a whole list; one by one the others still arrive, and the bad one is found.
      else if (isRefusal(error, ...OF_ONE_ROLE)) {
        await this.all(singleWrites({ add, remove }));
      } else throw error;
    }
  }

  /** Reads the member unless that was done within the window. False: the member has left. */
  async #refresh(): Promise<boolean> {
    const isFresh =
      this.#readAtMs !== null && this.deps.clock() - this.#readAtMs < FRESH_MS;
    if (isFresh) return true;
    const reading = await this.deps.discord.readMember(this.changes.target);
    this.#readAtMs = this.deps.clock();
    this.#hasLeft = !reading.isPresent;
    if (reading.isPresent) this.#member = reading;
    return reading.isPresent;
  }

  /** Discord's answer is what counts: it may have accepted the list and kept another. */
  #keep(
    answer: PresentMember,
    { add, remove }: { add: readonly RoleId[]; remove: readonly RoleId[] },
  ): void {
    this.#member = answer;
    const held = new Set(answer.roleIds);
    this.#added.push(...add.filter((roleId) => held.has(roleId)));
    this.#removed.push(...remove.filter((roleId) => !held.has(roleId)));
    if (
      this.#added.length + this.#removed.length <
      add.length + remove.length
    ) {
      throw new UnavailableError(
        `Discord answered the role list of member ${this.changes.target.discordUserId} but did not keep it`,
      );
    }
  }

  #reason(): string {
    return `Discord connector, audit record ${this.changes.recordId}`;
  }
}

function changed(
  roleIds: readonly RoleId[],
  write: Exclude<Write, { kind: 'setRoles' }>,
): readonly RoleId[] {
  const others = roleIds.filter((roleId) => roleId !== write.roleId);
  return write.kind === 'addRole' ? [...others, write.roleId] : others;
}

/** Refusals that say something of this write alone; the next role may be welcome. */
const OF_ONE_ROLE: readonly string[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof TerminalError && codes.includes(error.code);
}
