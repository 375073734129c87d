/**
 * How changes of one member are written, and what many of them cost. The path and every forecast
 * use these rules.
 */

/**
 * Up to this many role changes of a member are written one by one: each is atomic and needs no
 * read.
 */
export const MOST_SINGLE_WRITES = 2;

/** Up to this many changes are written one by one while no list can be written. */
export const MOST_SINGLE_WRITES_INSTEAD = 4;

/**
 * Discord counts single role writes and member edits separately; ten of each in ten seconds have
 * been observed. Nicknames and role lists can only use edits. The last call of each is left to
 * urgent work.
 */
const WINDOW = { seconds: 10, singles: 9, edits: 9 } as const;

/**
 * The source that confirms a whole list must be younger than this. An older one may lack a role
 * granted since, and so agree with a newest reading that lacks it by mistake. A source of any age
 * still counts against a list if it shows more than the newest.
 */
export const CONFIRMING_MS = 60_000;

/**
 * Whether a list is written when both ways are possible. `isRead`: the list needs no additional
 * read.
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

/**
 * Calls to list a guild: one for the role counts, and one per page of members, the last of which is
 * not full. 0 members: never listed, so VERIFY_GROUPS will list the guild soon anyway.
 */
export const listCalls = (members: number): number => Math.floor(members / LIST_PAGE) + 2;

/** Members per page of Discord's member list. */
export const LIST_PAGE = 1_000;

/** Reads that a list must save to be worthwhile. */
export const LEAST_READS_SAVED = 10;

/** Members with the same changes to make. */
export interface ForecastGroup {
  readonly members: number;
  /** Roles to grant and remove per member. */
  readonly changes: number;
  readonly isRenamed: boolean;
  /** Each member is read before planning. */
  readonly isReadFirst: boolean;
  /**
   * Additional reads per member, whatever the changes, to prove that roles or the account are gone.
   */
  readonly proofs: number;
  /** How long the stored roles of these members can confirm a list, in ms from now. */
  readonly confirmsForMs: number;
}

export interface Forecast {
  readonly calls: number;
  /** Until the last write, at the limits observed at Discord. */
  readonly seconds: number;
}

/**
 * The calls and time to write these groups one member after the other, each in whichever way is
 * open.
 */
export function forecastCalls(groups: Iterable<ForecastGroup>, wholeListWrites = true): Forecast {
  const writing = new Writing(wholeListWrites);
  for (const group of groups) {
    for (let left = group.members; left > 0; left -= 1) writing.add(group);
  }
  return {
    calls: writing.calls + writing.interruptedReads(),
    seconds: writing.seconds(),
  };
}

/**
 * Forecast for a change that reads its members first. Skips members who were just read, and counts
 * one list instead of single reads if that takes fewer calls.
 */
export function forecastCrowd(
  groups: readonly Omit<ForecastGroup, 'isReadFirst'>[],
  guild: {
    /** Member count at the last complete list; 0: never listed. */
    readonly listed: number;
    readonly wholeListWrites: boolean;
    /** Under authority DISCORD, readings from before the change do not count. */
    readonly readsAnew: boolean;
  },
): Forecast {
  const { listed, wholeListWrites, readsAnew } = guild;
  const isRead = ({ confirmsForMs }: Pick<ForecastGroup, 'confirmsForMs'>) =>
    readsAnew || confirmsForMs <= 0;
  const reads = groups.filter(isRead).reduce((sum, { members }) => sum + members, 0);
  const isListed = reads >= listCalls(listed) + LEAST_READS_SAVED;
  const { calls, seconds } = forecastCalls(
    groups.map((group) => ({
      ...group,
      isReadFirst: isRead(group) && !isListed,
      confirmsForMs: isListed ? CONFIRMING_MS : group.confirmsForMs,
    })),
    wholeListWrites,
  );
  return { calls: isListed ? calls + listCalls(listed) : calls, seconds };
}

class Writing {
  calls = 0;
  #writes = 0;
  #windows = 0;
  /** Members read for a list whose write fell into a later window. */
  #readEarly = 0;
  #singles: number = WINDOW.singles;
  #edits: number = WINDOW.edits;

  constructor(readonly wholeListWrites: boolean) {}

  /** Repeated reads of runs whose write was delayed: half of the runs in a later window. */
  interruptedReads(): number {
    return Math.floor(this.#readEarly / 2);
  }

  /** The writes of a window are made within a second of its start. */
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
      this.#write(0, 1);
    } else this.#write(changes, isRenamed ? 1 : 0);
    if (changes > MOST_SINGLE_WRITES && this.#windows > 0) this.#readEarly += 1;
  }

  #isListed(member: Parameters<typeof isListCheaper>[0]): boolean {
    if (!this.wholeListWrites) return false;
    const { changes } = member;
    // The nickname uses the edit alone, and the roles go by themselves.
    if (member.isRenamed && !isListCheaper(member)) return false;
    const areSinglesOpen = this.#singles >= changes;
    const isListOpen = this.#edits > 0;
    // The other way is used if this one would have to wait. After the first window edits become
    // available before singles.
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
