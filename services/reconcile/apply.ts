import {
  LeaseLostError,
  RetryLaterError,
  TerminalError,
  UnsentError,
} from '../lib/errors.js';
import type { AuditRecordId, PresentMember, RoleId } from '../model.js';
import type { GuildRoles } from './guild-roles.js';
import type { DiscordMembers, MemberTarget, WriteOutlookOf } from './ports.js';
import { createPlaces, type Place } from './write-places.js';
import { WriteProgress, type WritesDone } from './write-progress.js';
import { WritesSpentError } from './write-wait.js';
import { nextWrite, wholeList, type Write } from './writes.js';

/** A list read longer ago than this is read again before it is written back: the window in which a foreign edit could be undone. */
const FRESH_MS = 1_000;

/** Both ways of writing, each told to wait once: then it is no longer a matter of which. */
const MOST_DELAYS = 2;

export interface Changes {
  readonly target: MemberTarget;
  readonly recordId: AuditRecordId;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: it is left alone. */
  readonly nickname: string | null;
  readonly wholeListWrites: boolean;
  readonly actual: PresentMember;
  /** When `actual` was read from Discord, in ms; null: it is the mirror. */
  readonly readAtMs: number | null;
  /** False once the bot may be another process's: then nothing more is written. */
  readonly isLeased: () => boolean;
}

/** `interruption` is what ended it early; what stands before it in the list of writes was done. */
export interface Applied extends WritesDone {
  readonly interruption: unknown;
  /** False: not one call was made, so that nothing can have been done, and Discord knows of no record. */
  readonly hasTried: boolean;
}

interface Deps {
  readonly discord: Pick<
    DiscordMembers,
    'readMember' | 'addRole' | 'removeRole' | 'editMember'
  >;
  readonly writeOutlook: WriteOutlookOf;
  readonly guildRoles: Pick<GuildRoles, 'goneAmong'>;
  readonly clock: () => number;
}

/** Carries changes out, one call at a time, and keeps count of what Discord accepted. Throws nothing. */
export function createApply(deps: Deps) {
  const placeOf = createPlaces(deps.writeOutlook);
  return async (changes: Changes): Promise<Applied> => {
    const place = placeOf(changes.target);
    const run = new Run(deps, changes, place);
    try {
      await run.all();
    } catch (error) {
      return run.result(error);
    } finally {
      place.leave();
    }
    return run.result(null);
  };
}

type Edit = Extract<Write, { kind: 'edit' }>;
type Single = Extract<Write, { roleId: RoleId }>;

class Run {
  readonly #progress: WriteProgress;
  #readAtMs: number | null;
  #isListRefused = false;
  #delays: RetryLaterError[] = [];
  #hasTried = false;

  constructor(
    readonly deps: Deps,
    readonly changes: Changes,
    readonly place: Place,
  ) {
    this.#progress = new WriteProgress(changes);
    this.#readAtMs = changes.readAtMs;
  }

  result(interruption: unknown): Applied {
    const hasTried = this.#hasTried;
    return { ...this.#progress.done(), interruption, hasTried };
  }

  async all(): Promise<void> {
    while (!this.#progress.hasLeft) {
      const next = this.#next();
      if (next === null) return;
      if (next.kind === 'wait') throw this.#spent(next.until);
      if (!this.changes.isLeased()) {
        throw new LeaseLostError(
          `the bot of client ${this.changes.target.clientId} is no longer ours`,
        );
      }
      await this.#orDelay(next);
    }
  }

  #next(): Write | null {
    const { wholeListWrites, target } = this.changes;
    const { add, remove } = this.#progress.pending;
    const counts = { add: add.length, remove: remove.length };
    const singlesFrom = this.place.singlesFrom(counts);
    const listsFrom = this.place.listsFrom();
    return nextWrite({
      ...this.#progress.pending,
      wholeListWrites: wholeListWrites && !this.#isListRefused,
      isFresh: this.#isFresh(),
      isUrgent: target.isUrgent,
      // The clock last: what is open "now" must not be later than this.
      now: this.deps.clock(),
      singlesFrom,
      listsFrom,
    });
  }

  /** Makes the call; where it is told to wait, unsent or not, the other way of writing is still open. */
  async #orDelay(write: Edit | Single): Promise<void> {
    const { add, remove } = this.#progress.pending;
    const isEdit = write.kind === 'edit';
    const singles = { add: add.length, remove: remove.length };
    this.place.book(isEdit ? { lists: 1 } : singles);
    try {
      await (isEdit ? this.#edit(write) : this.#single(write));
      this.#hasTried = true;
    } catch (error) {
      this.#hasTried ||= !(error instanceof UnsentError);
      if (!(error instanceof RetryLaterError)) throw error;
      const untilMs = error.retryAt.getTime();
      this.#delays.push(error);
      if (this.#delays.length > MOST_DELAYS || untilMs <= this.deps.clock())
        throw error;
      this.place.block(isEdit ? 'lists' : 'singles', untilMs);
    }
    this.place.book({});
  }

  #spent(untilMs: number): WritesSpentError {
    const { discordUserId, guildId } = this.changes.target;
    const cause = this.#delays.at(-1);
    const one = { add: 1, remove: 0 };
    // Where lists are turned off, what they leave is no use to the others either.
    const openFromMs = this.changes.wholeListWrites
      ? Math.min(untilMs, this.place.singlesFrom(one), this.place.listsFrom())
      : untilMs;
    return new WritesSpentError(
      new Date(untilMs),
      new Date(openFromMs),
      cause?.message ??
        `cannot write to member ${discordUserId} in guild ${guildId}: what Discord allows for now is spent`,
      { cause },
    );
  }

  async #single({ kind, roleId }: Single): Promise<void> {
    const member = this.changes.target;
    const call = { member, roleId, reason: this.#reason() };
    try {
      await this.deps.discord[kind](call);
      this.#progress.keepRole(kind, roleId);
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#progress.hasLeft = true;
      else if (isRefusal(error, ...OF_ONE_WRITE)) this.#progress.refuse(roleId);
      else throw error;
    }
  }

  async #edit(edit: Edit): Promise<void> {
    const { nickname } = edit;
    const member = this.changes.target;
    const hasRoles = edit.add.length + edit.remove.length > 0;
    if (hasRoles && !(await this.#refresh())) return;
    const roleIds = hasRoles ? await this.#listFor(edit) : null;
    const write = { member, roleIds, nickname, reason: this.#reason() };
    let answer: PresentMember | null;
    try {
      answer = await this.deps.discord.editMember(write);
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#progress.hasLeft = true;
      else if (!isRefusal(error, ...OF_ONE_WRITE)) throw error;
      // One bad role, or the nickname, spoils a whole call; one by one the others still arrive, and the bad one is found.
      else if (hasRoles) this.#isListRefused = true;
      else this.#progress.endNickname('REFUSED');
      return;
    }
    this.#progress.keepEdit({ ...edit, roleIds }, answer);
  }

  async #listFor({ add, remove }: Edit): Promise<readonly RoleId[]> {
    const { roleIds: actual } = this.#progress.member;
    const { target } = this.changes;
    const isGone = await this.deps.guildRoles.goneAmong(target, actual);
    return wholeList({ actual, add, remove, isGone });
  }

  #isFresh(): boolean {
    const readAtMs = this.#readAtMs;
    return readAtMs !== null && this.deps.clock() - readAtMs < FRESH_MS;
  }

  /** Reads the member unless that was done within the window. False: the member has left. */
  async #refresh(): Promise<boolean> {
    if (this.#isFresh()) return true;
    const reading = await this.deps.discord.readMember(this.changes.target);
    this.#readAtMs = this.deps.clock();
    this.#progress.hasLeft = !reading.isPresent;
    if (reading.isPresent) this.#progress.member = reading;
    return reading.isPresent;
  }

  #reason(): string {
    return `Discord connector, audit record ${this.changes.recordId}`;
  }
}

/** Refusals that say something of this write alone; the next role may be welcome. */
const OF_ONE_WRITE: readonly string[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof TerminalError && codes.includes(error.code);
}
