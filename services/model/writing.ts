/**
 * How changes of one member are written, and what many of them cost: the path writes by it, and
 * every forecast counts by it.
 */

/**
 * Up to this many changes of a member's roles are written one by one: each is atomic and needs no
 * read.
 */
export const MOST_SINGLE_WRITES = 2;

/** Up to this many changes go one by one where no list may be written for now. */
export const MOST_SINGLE_WRITES_INSTEAD = 4;

/**
 * Single roles and edits of a member are counted apart by Discord, ten in ten seconds each have
 * been seen: what only an edit can do, as a nickname or a list of roles, has but one of the two.
 * The last call of each is left to urgent work.
 */
const WINDOW = { seconds: 10, singles: 9, edits: 9 } as const;

/** Reads of a member that Discord takes within a second. */
const READS_AT_ONCE = 5;

/**
 * The source that confirms a whole list must be younger than this. An older one may lack a role
 * given since, and so agree with a newest reading that lacks it by mistake. It still counts against
 * a list, whatever its age, where it shows more than the newest.
 */
export const CONFIRMING_MS = 60_000;

/**
 * Whether a list of all roles is written where both ways are open. `isRead`: a list needs no read
 * that was not made anyway.
 */
export function isListCheaper(member: {
  readonly changes: number;
  readonly isRenamed: boolean;
  readonly isRead: boolean;
}): boolean {
  const { changes, isRenamed, isRead } = member;
  const joinsNickname = isRenamed && (isRead || changes > 1);
  return changes > MOST_SINGLE_WRITES || joinsNickname;
}

/** Members of whom the same is to be done. */
export interface ForecastGroup {
  readonly members: number;
  /** Of each: roles to be given and taken. */
  readonly changes: number;
  readonly isRenamed: boolean;
  /** Each is read before anything is planned. */
  readonly isReadFirst: boolean;
  /**
   * Reads of each that follow, whatever is changed: to prove that roles are gone, or that the
   * account is.
   */
  readonly proofs: number;
  /** For so long what is stored of them may confirm a list; in ms from now. */
  readonly confirmsForMs: number;
}

export interface Forecast {
  readonly calls: number;
  /** Until the last write is made, at the limits that Discord has been seen to have. */
  readonly seconds: number;
}

/** What it takes to carry this out, one member after the other, each the way that is open then. */
export function forecastCalls(groups: Iterable<ForecastGroup>, wholeListWrites = true): Forecast {
  const writing = new Writing(wholeListWrites);
  let proven = 0;
  for (const group of groups) {
    if (group.changes > 0 && group.proofs > 0) proven += group.members;
    for (let left = group.members; left > 0; left -= 1) writing.add(group);
  }
  // Of more than Discord takes reads for, a proof waits for its turn, in a run that reads twice.
  const repeated = proven > READS_AT_ONCE ? proven : 0;
  return {
    calls: writing.calls + repeated + writing.interruptedReads(),
    seconds: writing.seconds(),
  };
}

class Writing {
  calls = 0;
  #writes = 0;
  #windows = 0;
  /** Lists for which a run that began with the mirror has to read twice. */
  #readTwice = 0;
  /**
   * Members who were read first for a list, and whose turn to be written came in a later window.
   */
  #readEarly = 0;
  #singles: number = WINDOW.singles;
  #edits: number = WINDOW.edits;

  constructor(readonly wholeListWrites: boolean) {}

  /**
   * Runs that are told to wait after a read, and read once more: half of those that come in a later
   * window, and of many that read twice none on a quiet machine and half on a busy one.
   */
  interruptedReads(): number {
    const isCrowded = this.#readTwice * 2 > READS_AT_ONCE;
    const twice = isCrowded ? this.#readTwice : 0;
    return Math.floor(twice / 4 + this.#readEarly / 2);
  }

  /** What a window allows is written within a second of its beginning. */
  seconds(): number {
    if (this.#writes === 0) return 0;
    return this.#windows * WINDOW.seconds + 1;
  }

  add(group: ForecastGroup): void {
    const { changes, isRenamed } = group;
    const isReadFirst = group.isReadFirst || changes > MOST_SINGLE_WRITES;
    this.calls += group.proofs + (isReadFirst ? 1 : 0);
    if (changes === 0 && !isRenamed) return;
    if (changes === 0) return this.#write(0, 1);
    const confirms = group.confirmsForMs > this.#windows * WINDOW_MS;
    const isRead = isReadFirst && confirms;
    if (this.#isListed({ changes, isRenamed, isRead })) {
      this.calls += (confirms ? 1 : 2) - (isReadFirst ? 1 : 0);
      if (!confirms && !isReadFirst) this.#readTwice += 1;
      this.#write(0, 1);
    } else this.#write(changes, isRenamed ? 1 : 0);
    if (changes > MOST_SINGLE_WRITES && this.#windows > 0) this.#readEarly += 1;
  }

  #isListed(member: Parameters<typeof isListCheaper>[0]): boolean {
    if (!this.wholeListWrites) return false;
    const { changes } = member;
    const areSinglesOpen = this.#singles >= changes;
    const isListOpen = this.#edits > 0;
    // The other way is taken where this one would have to wait. After the first window edits are
    // open again before singles are.
    return isListCheaper(member) || this.#windows > 0
      ? isListOpen || !areSinglesOpen || changes > MOST_SINGLE_WRITES_INSTEAD
      : isListOpen && !areSinglesOpen;
  }

  #write(singles: number, edits: number): void {
    this.#writes += singles + edits;
    this.calls += singles + edits;
    this.#singles -= singles;
    this.#edits -= edits;
    while (this.#singles < 0 || this.#edits < 0) {
      this.#windows += 1;
      this.#singles = Math.min(this.#singles, 0) + WINDOW.singles;
      this.#edits = Math.min(this.#edits, 0) + WINDOW.edits;
    }
  }
}

const WINDOW_MS = WINDOW.seconds * 1_000;
