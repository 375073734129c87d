/**
 * Rules for writing one member's changes to Discord, and a forecast of the calls and time for many
 * members. The path and every forecast use these rules.
 */

/**
 * Up to this many role changes of a member are written one by one, because each is atomic and needs
 * no read.
 */
export const MOST_SINGLE_WRITES = 2;

/**
 * Up to this many changes are written one by one while Discord's limit on member edits blocks a
 * list write.
 */
export const MOST_SINGLE_WRITES_INSTEAD = 4;

/**
 * Discord limits single role writes and member edits (PATCH) separately; ten of each in ten seconds
 * were observed. Nicknames and role lists need an edit. The last call of each limit is reserved for
 * urgent work.
 */
const WINDOW = { seconds: 10, singles: 9, edits: 9 } as const;

/**
 * A second reading can confirm a role list only while it is younger than this. An older one may
 * lack a role granted since, and so agree with a newer reading that wrongly lacks it. A reading of
 * any age still blocks a list write if it shows a role that the newest one lacks. While a gateway
 * session is live, the mirror lags only by the delay of events, usually far less than a second, so
 * the time in which a role granted since can be missing from both sources shrinks from a minute to
 * that delay.
 */
export const CONFIRMING_MS = 60_000;

/**
 * Returns true if writing the whole role list is preferred over single writes when both are
 * possible. `isRead`: the list needs no additional read.
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
 * Calls to list a guild: one for the role counts, and one per page of members; the last page is
 * never full. A guild that was never listed counts as 0 members. That is too few, but VERIFY_GROUPS
 * lists such a guild soon in any case.
 */
export const listCalls = (members: number): number => Math.floor(members / LIST_PAGE) + 2;

/** Members per page of Discord's member list. */
export const LIST_PAGE = 1_000;

/** Listing a guild must take at least this many fewer calls than reading its members one by one. */
export const LEAST_READS_SAVED = 10;

/** A group of members with the same changes to make. */
export interface ForecastGroup {
  readonly members: number;
  /** Roles to grant and remove per member. */
  readonly changes: number;
  readonly isRenamed: boolean;
  /** Each member is read from Discord before planning. */
  readonly isReadFirst: boolean;
  /**
   * Additional reads per member, regardless of changes, to prove that roles or the account are
   * gone.
   */
  readonly proofs: number;
  /** How long the stored roles of these members can confirm a list, in ms from now. */
  readonly confirmsForMs: number;
}

export interface Forecast {
  readonly calls: number;
  /** Time until the last write, at the rate limits observed at Discord. */
  readonly seconds: number;
}

/**
 * Returns the calls and time to write these groups, one member after the other, each by the way
 * that is available at that point.
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
 * Returns the forecast for a change that reads its members first. Skips members who were just read,
 * and assumes one guild listing instead of single reads if that takes fewer calls.
 */
export function forecastCrowd(
  groups: readonly Omit<ForecastGroup, 'isReadFirst'>[],
  guild: {
    /** Number of members in the last complete list; 0: never listed. */
    readonly listed: number;
    readonly wholeListWrites: boolean;
    /**
     * Members are read again, because under authority DISCORD readings from before the change do
     * not count.
     */
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
  /** Number of members read for a list whose write fell into a later window. */
  #readEarly = 0;
  #singles: number = WINDOW.singles;
  #edits: number = WINDOW.edits;

  constructor(readonly wholeListWrites: boolean) {}

  /**
   * Returns the number of repeated reads by runs whose write was delayed: about half of those in a
   * later window.
   */
  interruptedReads(): number {
    return Math.floor(this.#readEarly / 2);
  }

  /**
   * Returns the time until the last write; the writes of a window finish within a second of its
   * start.
   */
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
    // With too few changes for a list, the edit sets only the nickname, and the roles are written
    // one by one.
    if (member.isRenamed && !isListCheaper(member)) return false;
    const areSinglesOpen = this.#singles >= changes;
    const isListOpen = this.#edits > 0;
    // Use the other kind of write if the preferred one would have to wait. After the first window,
    // edits become available before single writes.
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
