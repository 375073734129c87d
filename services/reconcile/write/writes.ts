import { PassingRefusalError, UnavailableError } from '../../lib/errors.js';
import {
  type DiscordUserId,
  isListCheaper,
  type MemberReading,
  MOST_SINGLE_WRITES_INSTEAD,
  NO_NICKNAME,
  type PresentMember,
  type RoleChanges,
  type RoleId,
} from '../../model.js';
import { showsNickname } from '../plan/plan-nickname.js';

/** The changes still to make for one member. */
export interface Pending {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: the nickname is not changed. */
  readonly nickname: string | null;
}

/**
 * The next call to Discord, or a wait until `until`. An edit (PATCH) with role changes writes the
 * whole role list.
 */
export type Write =
  | { readonly kind: 'removeRole'; readonly roleId: RoleId }
  | { readonly kind: 'addRole'; readonly roleId: RoleId }
  | ({ readonly kind: 'edit' } & Pending)
  | { readonly kind: 'wait'; readonly until: number };

/** How long a role change that is not urgent waits for a nickname, so that one edit does both. */
const NICKNAME_WAIT_MS = 10_000;

export interface Choice extends Pending {
  /**
   * The client's setting of the same name. Also false if a list was refused or its sources
   * disagree: see whole-list.ts.
   */
  readonly wholeListWrites: boolean;
  /** True: a list may be written without another reading. */
  readonly needsNoRead: boolean;
  readonly isUrgent: boolean;
  /** True: other members' nicknames wait for edits, so single writes are used where possible. */
  readonly areEditsAwaited: boolean;
  readonly now: number;
  /**
   * The times in ms from which the pending single writes (`singlesFrom`) and an edit (`listsFrom`)
   * are possible. In the past: now.
   */
  readonly singlesFrom: number;
  readonly listsFrom: number;
}

/**
 * Returns the next write; null: nothing is left to do. Single writes and lists have separate
 * limits, so if one way is exhausted the other is used. Removals come first, so that a revoked
 * privilege ends early.
 */
export function nextWrite(choice: Choice): Write | null {
  const { add, remove, nickname, now, listsFrom, isUrgent } = choice;
  const changes = add.length + remove.length;
  if (changes === 0 && nickname === null) return null;
  const edit = { kind: 'edit', add, remove, nickname } as const;
  if (changes === 0) return listsFrom > now ? wait(listsFrom) : edit;

  const ways = waysOf(choice, changes);
  const isNicknameSoon =
    nickname !== null && listsFrom > now && listsFrom - now <= NICKNAME_WAIT_MS;
  const prefersList = ways[0]?.isList === true;
  if (isNicknameSoon && !isUrgent && prefersList) return wait(listsFrom);

  const single = singleWrite(choice) ?? edit;
  const open = ways.find((way) => way.from <= now);
  // The single writes have to wait, so write the nickname alone. It needs an edit anyway, and
  // adding the roles to the edit would cost a read.
  if (open?.isList && !prefersList && nickname !== null && !isUrgent)
    return { ...edit, add: [], remove: [] };
  if (open) return open.isList ? edit : single;
  return wait(Math.min(...ways.map((way) => way.from)));
}

interface Way {
  readonly isList: boolean;
  readonly from: number;
}

/** Returns the ways to write the role changes, the cheaper one first. */
function waysOf(choice: Choice, changes: number): readonly Way[] {
  const { wholeListWrites, nickname, needsNoRead, areEditsAwaited, isUrgent } = choice;
  const list = { isList: true, from: choice.listsFrom };
  const singles = { isList: false, from: choice.singlesFrom };
  if (!wholeListWrites) return [singles];
  if (changes > MOST_SINGLE_WRITES_INSTEAD) return [list];
  const isRenamed = nickname !== null;
  if (isListCheaper({ changes, isRenamed, isRead: needsNoRead })) return [list, singles];
  return areEditsAwaited && !isUrgent && !isRenamed ? [singles] : [singles, list];
}

const wait = (until: number) => ({ kind: 'wait', until }) as const;

function singleWrite({ add, remove }: Pending): Write | undefined {
  const [removed] = remove;
  if (removed !== undefined) return { kind: 'removeRole', roleId: removed };
  const [added] = add;
  return added === undefined ? undefined : { kind: 'addRole', roleId: added };
}

/** The result of a run's writes. */
export interface WritesDone {
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  /** Writes that Discord accepted although the last reading before already showed their result. */
  readonly ensured: RoleChanges;
  /** ALTERED: Discord accepted the nickname but shows a different one. */
  readonly nickname: 'UNTOUCHED' | 'SET' | 'REFUSED' | 'ALTERED';
  readonly observed: MemberReading;
  readonly refused: readonly RoleId[];
  /** Roles to remove that Discord reports as nonexistent. */
  readonly gone: readonly RoleId[];
}

/** The progress of a run's writes: what is left, what was done, and the member's latest state. */
export class WriteProgress {
  readonly #discordUserId: DiscordUserId;
  readonly #changed = { added: [] as RoleId[], removed: [] as RoleId[] };
  readonly #ensured = { added: [] as RoleId[], removed: [] as RoleId[] };
  readonly #refused: RoleId[] = [];
  readonly #gone: RoleId[] = [];
  #nickname: WritesDone['nickname'] = 'UNTOUCHED';
  pending: Pending;
  member: PresentMember;
  hasLeft = false;
  /**
   * A refusal that may be temporary: the other writes continue, and a later run retries this one.
   */
  passing: PassingRefusalError | null = null;

  constructor(
    start: Pending & {
      readonly target: { readonly discordUserId: DiscordUserId };
      readonly actual: PresentMember;
    },
  ) {
    const { add, remove, nickname } = start;
    this.#discordUserId = start.target.discordUserId;
    this.pending = { add, remove, nickname };
    this.member = start.actual;
  }

  done(): WritesDone {
    return {
      ...this.#changed,
      ensured: this.#ensured,
      nickname: this.#nickname,
      refused: this.#refused,
      gone: this.#gone,
      observed: this.hasLeft ? { isPresent: false } : { isPresent: true, ...this.member },
    };
  }

  keepRole(kind: 'addRole' | 'removeRole', roleId: RoleId): void {
    const before = this.member.roleIds;
    const others = before.filter((held) => held !== roleId);
    const isAdded = kind === 'addRole';
    const roleIds = isAdded ? [...others, roleId] : others;
    this.member = { ...this.member, roleIds };
    this.#note(isAdded ? 'added' : 'removed', [roleId], before);
  }

  refuseRole(roleId: RoleId, error: unknown): void {
    if (error instanceof PassingRefusalError) this.passing = error;
    else this.#refused.push(roleId);
    this.#tick([roleId]);
  }

  /** A role that does not exist needs no removal. */
  noteGone(roleId: RoleId): void {
    this.#gone.push(roleId);
    this.#tick([roleId]);
  }

  /**
   * A reset is tried only once, because the ending link does not wait for a temporary refusal to
   * end.
   */
  refuseNickname(error: unknown): void {
    const isPassing = error instanceof PassingRefusalError && this.pending.nickname !== NO_NICKNAME;
    if (isPassing) this.passing = error;
    this.endNickname(isPassing ? 'UNTOUCHED' : 'REFUSED');
  }

  endNickname(ending: WritesDone['nickname']): void {
    this.#nickname = ending;
    this.pending = { ...this.pending, nickname: null };
  }

  /** Leaves grants and nickname to a later run, because the member has not passed screening. */
  withholdGrants(): void {
    const { remove, nickname } = this.pending;
    const isReset = nickname === NO_NICKNAME;
    this.pending = { add: [], remove, nickname: isReset ? nickname : null };
  }

  /**
   * Records an accepted edit. `roleIds` is the list that was written, if any; `answer` is null if
   * Discord answered without a body.
   */
  keepEdit(
    edit: Pending & { readonly roleIds: readonly RoleId[] | null },
    answer: PresentMember | null,
  ): void {
    const { nickname, roleIds } = edit;
    if (nickname !== null) this.#keepNickname(nickname, answer);
    if (roleIds !== null) this.#keepRoles(answer ?? { ...this.member, roleIds }, edit);
  }

  /** Discord trims and cleans nicknames, so the one it shows counts. */
  #keepNickname(wanted: string, answer: PresentMember | null): void {
    const { username, displayName, nickname } = answer ?? {
      ...this.member,
      nickname: wanted === NO_NICKNAME ? null : wanted,
    };
    this.member = { ...this.member, username, displayName, nickname };
    const isShown = showsNickname(wanted, this.member);
    this.endNickname(isShown ? 'SET' : 'ALTERED');
  }

  /** Discord's answer counts: it may have accepted the list and stored a different one. */
  #keepRoles(answer: PresentMember, { add, remove }: Pending): void {
    const before = this.member.roleIds;
    this.member = answer;
    const held = new Set(answer.roleIds);
    const added = add.filter((roleId) => held.has(roleId));
    const removed = remove.filter((roleId) => !held.has(roleId));
    this.#note('added', added, before);
    this.#note('removed', removed, before);
    if (added.length + removed.length < add.length + remove.length) {
      throw new UnavailableError(
        `Discord accepted the role list of member ${this.#discordUserId} but did not apply it`,
      );
    }
  }

  /**
   * Records writes as changes, or as ensured where `before`, the roles in the last reading, already
   * showed the result.
   */
  #note(direction: 'added' | 'removed', done: readonly RoleId[], before: readonly RoleId[]): void {
    for (const roleId of done) {
      const isChange = before.includes(roleId) === (direction === 'removed');
      (isChange ? this.#changed : this.#ensured)[direction].push(roleId);
    }
    this.#tick(done);
  }

  #tick(done: readonly RoleId[]): void {
    const isLeft = (roleId: RoleId) => !done.includes(roleId);
    const { add, remove, nickname } = this.pending;
    this.pending = { add: add.filter(isLeft), remove: remove.filter(isLeft), nickname };
  }
}
