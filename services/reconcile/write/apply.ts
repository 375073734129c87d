import {
  LeaseLostError,
  PassingRefusalError,
  RetryLaterError,
  TerminalError,
  UnsentError,
} from '../../lib/errors.js';
import type { AuditRecordId, PresentMember, RoleId } from '../../model.js';
import type { GuildRoles } from '../plan/guild-roles.js';
import type { DiscordMembers, DiscordRefusal, MemberTarget } from '../ports.js';
import { type ListVerdict, type Mirrored, RoleSources } from './whole-list.js';
import {
  type Choice,
  nextWrite,
  type Pending,
  type Write,
  WriteProgress,
  type WritesDone,
} from './writes.js';
import type { Pacing, WriteReservation } from './ports.js';

/**
 * How many delayed calls a run tolerates: one single write and one list. After both, it has no way
 * of writing left.
 */
const MOST_DELAYS = 2;

export interface Changes {
  readonly target: MemberTarget;
  readonly recordId: AuditRecordId;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: leave the nickname alone. */
  readonly nickname: string | null;
  readonly wholeListWrites: boolean;
  /** True: if the member turns out to be pending, nothing more is granted. */
  readonly waitsForScreening: boolean;
  readonly actual: PresentMember;
  /** When `actual` was read from Discord, in ms; null: `actual` is the mirror. */
  readonly readAtMs: number | null;
  /** The mirror before `actual` was read; null: no mirror, or the member was not in the guild. */
  readonly mirrored: Mirrored | null;
  /** Roles that an interrupted run may have changed since the mirror was read. */
  readonly unfinished: readonly RoleId[];
  /** Returns false once another process may hold the bot; then nothing more is written. */
  readonly isLeased: () => boolean;
}

/** What was written. `interruption` is the error that ended the writes early; null if none did. */
export interface Applied extends WritesDone {
  readonly interruption: unknown;
  /** False: no write was sent, so nothing was changed and Discord has no trace of the record. */
  readonly hasTried: boolean;
}

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember' | 'addRole' | 'removeRole' | 'editMember'>;
  readonly pacing: Pick<Pacing, 'reserve'>;
  readonly guildRoles: Pick<GuildRoles, 'suspectRefused' | 'hasSuspect'>;
  readonly clock: () => number;
}

/** Carries out changes one call at a time and records which ones Discord accepted. Never throws. */
export function createApply(deps: Deps) {
  return async (changes: Changes): Promise<Applied> => {
    const place = deps.pacing.reserve(changes.target);
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
  readonly #sources: RoleSources;
  readonly #reason: string;
  #isListRefused = false;
  #delays: RetryLaterError[] = [];
  #hasTried = false;

  constructor(
    readonly deps: Deps,
    readonly changes: Changes,
    readonly place: WriteReservation,
  ) {
    this.#progress = new WriteProgress(changes);
    this.#sources = new RoleSources(changes);
    this.#reason = `Discord connector, audit record ${changes.recordId}`;
  }

  result(interruption: unknown): Applied {
    const hasTried = this.#hasTried;
    return { ...this.#progress.done(), interruption, hasTried };
  }

  async all(): Promise<void> {
    while (!this.#progress.hasLeft) {
      const next = this.#next();
      if (next === null) break;
      if (next.kind === 'wait') throw this.#spent(next.until);
      if (!this.changes.isLeased()) {
        throw new LeaseLostError(
          `this process no longer holds the bot of client ${this.changes.target.clientId}`,
        );
      }
      await this.#orDelay(next);
    }
    if (this.#progress.passing !== null) throw this.#progress.passing;
  }

  #next(): Write | null {
    const { wholeListWrites, target } = this.changes;
    const { kind: verdict } = this.#judgeList();
    return nextUnderLimits(this.deps, this.place, {
      ...this.#progress.pending,
      wholeListWrites: wholeListWrites && verdict !== 'SINGLES',
      needsNoRead: verdict === 'WRITE',
      isUrgent: target.isUrgent,
    });
  }

  /**
   * Makes the call. If a rate limit delays it, before or after it was sent, blocks this way of
   * writing (single writes or lists). The other way may still be possible.
   */
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
      if (this.#delays.length > MOST_DELAYS || untilMs <= this.deps.clock()) throw error;
      this.place.block(isEdit ? 'lists' : 'singles', untilMs);
    }
    this.place.book({});
  }

  #spent(untilMs: number): WritesSpentError {
    if (this.#progress.pending.nickname !== null) this.place.awaitEdit();
    return writesSpent(this.place, this.changes, untilMs, this.#delays.at(-1));
  }

  async #single({ kind, roleId }: Single): Promise<void> {
    const member = this.changes.target;
    const call = { member, roleId, reason: this.#reason };
    try {
      await this.deps.discord[kind](call);
      this.#progress.keepRole(kind, roleId);
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#progress.hasLeft = true;
      else if (kind === 'removeRole' && isRefusal(error, 'UNKNOWN_ROLE'))
        this.#progress.noteGone(roleId);
      else if (!isOfThisWrite(error)) throw error;
      else this.#progress.refuseRole(roleId, error);
    }
  }

  async #edit(edit: Edit): Promise<void> {
    const { nickname } = edit;
    const hasName = nickname !== null;
    const member = this.changes.target;
    const hasRoles = edit.add.length + edit.remove.length > 0;
    const roleIds = hasRoles ? await this.#agreedList() : null;
    if (hasRoles && roleIds === null) return;
    const write = { member, roleIds, nickname, reason: this.#reason };
    let answer: PresentMember | null;
    try {
      answer = await this.deps.discord.editMember(write);
    } catch (error) {
      if (isRefusal(error, 'UNKNOWN_MEMBER')) this.#progress.hasLeft = true;
      else if (!isOfThisWrite(error)) throw error;
      else if (roleIds === null || (hasName && isRefusal(error, 'BAD_NICKNAME')))
        this.#progress.refuseNickname(error);
      else await this.#refuseList(roleIds, error);
      return;
    }
    this.#progress.keepEdit({ ...edit, roleIds }, answer);
  }

  /**
   * Switches to single writes. One bad role or nickname rejects a whole list; single writes find
   * the bad one and let the others through.
   */
  async #refuseList(roleIds: readonly RoleId[], error: unknown): Promise<void> {
    this.#isListRefused = true;
    if (!mayBeOfUnknownRole(error)) return;
    const carried = this.#sources.carried(roleIds);
    await this.deps.guildRoles.suspectRefused(this.changes.target, carried);
  }

  /**
   * Returns the role list to write, and reads the member first if necessary. Null: no list may be
   * written, or the member has left.
   */
  async #agreedList(): Promise<readonly RoleId[] | null> {
    for (;;) {
      const verdict = this.#judgeList();
      if (verdict.kind === 'WRITE') return verdict.roleIds;
      if (verdict.kind === 'SINGLES' || !(await this.#read())) return null;
    }
  }

  #judgeList(): ListVerdict {
    const { member, pending } = this.#progress;
    const { roleIds, isPending } = member;
    const isScreened = this.changes.waitsForScreening && isPending;
    const hasSuspect = this.deps.guildRoles.hasSuspect(roleIds);
    if (this.#isListRefused || isScreened || hasSuspect) return { kind: 'SINGLES' };
    return this.#sources.judge(roleIds, pending, this.deps.clock());
  }

  /**
   * Reads the member again. Resolves to false if no list may be written, because the member has
   * left or must pass screening first.
   */
  async #read(): Promise<boolean> {
    const { roleIds } = this.#progress.member;
    const reading = await this.deps.discord.readMember(this.changes.target);
    this.#sources.renew(roleIds, this.deps.clock());
    this.#progress.hasLeft = !reading.isPresent;
    if (!reading.isPresent) return false;
    this.#progress.member = reading;
    const isScreened = this.changes.waitsForScreening && reading.isPending;
    if (isScreened) this.#progress.withholdGrants();
    return !isScreened;
  }
}

/**
 * Throws WritesSpentError if rate limits allow none of a member's writes now. Called before the
 * member is read, because the read would be wasted.
 */
export function refuseSpent(
  deps: Pick<Deps, 'pacing' | 'clock'>,
  changes: Pick<Changes, 'target' | 'wholeListWrites'> & Pending,
): void {
  const { target, wholeListWrites, add, remove, nickname } = changes;
  const place = deps.pacing.reserve(target);
  const { isUrgent } = target;
  const pending = { add, remove, nickname, wholeListWrites, isUrgent, needsNoRead: false };
  const next = nextUnderLimits(deps, place, pending);
  place.leave();
  if (next?.kind === 'wait') throw writesSpent(place, changes, next.until);
}

function nextUnderLimits(
  { clock }: Pick<Deps, 'clock'>,
  place: WriteReservation,
  choice: Omit<Choice, 'singlesFrom' | 'listsFrom' | 'areEditsAwaited' | 'now'>,
): Write | null {
  const { add, remove } = choice;
  const singlesFrom = place.singlesFrom({ add: add.length, remove: remove.length });
  const listsFrom = place.listsFrom();
  const areEditsAwaited = place.areEditsAwaited();
  // Read the clock after the limits, so that a limit that is open now is not later than `now`.
  return nextWrite({ ...choice, singlesFrom, listsFrom, areEditsAwaited, now: clock() });
}

/**
 * Rate limits allow none of the run's remaining writes now. `openFrom` is when some write to the
 * client's members is possible again. It can be earlier than `retryAt`: five changes need a list,
 * while another member may need only a single write.
 */
export class WritesSpentError extends RetryLaterError {
  constructor(
    retryAt: Date,
    readonly openFrom: Date,
    message: string,
    options?: ErrorOptions,
  ) {
    super(retryAt, message, options);
    this.name = 'WritesSpentError';
  }
}

function writesSpent(
  place: WriteReservation,
  { target, wholeListWrites }: Pick<Changes, 'target' | 'wholeListWrites'>,
  untilMs: number,
  cause?: RetryLaterError,
): WritesSpentError {
  const one = { add: 1, remove: 0 };
  // With lists turned off, other members cannot use the remaining list calls either.
  const openFromMs = wholeListWrites
    ? Math.min(untilMs, place.singlesFrom(one), place.listsFrom())
    : untilMs;
  const { discordUserId, guildId } = target;
  return new WritesSpentError(
    new Date(untilMs),
    new Date(openFromMs),
    cause?.message ??
      `cannot write to member ${discordUserId} in guild ${guildId}: Discord's rate limit is used up`,
    { cause },
  );
}

/** Refusals that concern only this write; the next role may be accepted. */
const OF_ONE_WRITE: readonly DiscordRefusal[] = [
  'UNKNOWN_ROLE',
  'MISSING_PERMISSION',
  'MISSING_ACCESS',
  'REFUSED',
];

/** Codes Discord may return for a list with an unknown role; it does not document which. */
const OF_UNKNOWN_ROLES: readonly DiscordRefusal[] = ['UNKNOWN_ROLE', 'REFUSED'];

/**
 * Whether the refusal, permanent or temporary, concerns only this write, so that the run's other
 * writes may succeed.
 */
function isOfThisWrite(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, 'BAD_NICKNAME', ...OF_ONE_WRITE);
}

function mayBeOfUnknownRole(error: unknown): boolean {
  return error instanceof PassingRefusalError || isRefusal(error, ...OF_UNKNOWN_ROLES);
}

function isRefusal(error: unknown, ...codes: readonly DiscordRefusal[]): boolean {
  return error instanceof TerminalError && codes.some((code) => code === error.code);
}
