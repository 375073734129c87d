import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { TerminalError, UnavailableError } from '../lib/errors.js';
import type { DiscordUserId, RoleId } from '../model.js';
import type { HeldRun } from './held-run.js';
import { judgeListing } from './judge-listing.js';
import type {
  Expectation,
  Guild,
  ListedMember,
  SweepMemory,
  UnlinkedChunk,
  WaitingJob,
} from './ports.js';

const PAGE = 1_000;

/**
 * A guild's complete member list. It keeps all linked members, and unlinked ones only if they hold
 * a mapped role.
 */
export interface Listing {
  readonly askedAt: string;
  readonly pages: PackedMembers['pages'];
  readonly linkedCount: number;
  /** Number of listed members, linked or not. */
  readonly listedCount: number;
  readonly unlinked: UnlinkedHolders;
  /** Linked members last observed in the guild who are not listed. */
  readonly missing: readonly DiscordUserId[];
  /** Jobs waiting when the list was requested. */
  readonly waiting: {
    readonly listed: readonly WaitingJob[];
    readonly unlisted: readonly WaitingJob[];
  };
  /** Why the list is not credible; null if it is. */
  readonly fault: string | null;
}

interface Deps {
  readonly memory: Pick<SweepMemory, 'readLinkedMembers' | 'readWaiting'>;
  readonly guild: Pick<Guild, 'listMembers'>;
  readonly readCounts: ReadCounts;
}

/** Reads the guild's member list and judges it. Returns null if the bot may not list members. */
export async function takeListing(
  { memory, guild, readCounts }: Deps,
  held: HeldRun,
  { expected, roleNames }: Pick<Expectation, 'expected' | 'roleNames'>,
): Promise<Listing | null> {
  const { askedAt, linked, present } = await memory.readLinkedMembers(held.run.clientId, async () =>
    held.beforePage(),
  );
  const presentCount = present.size;
  const waiting = await memory.readWaiting(held.run.clientId);
  const unlisted = new Map(waiting.map((job) => [job.discordUserId, job]));
  const gathered = gather(linked, expected.keys());
  const counts = await readCounts();
  const isWhole = await readPages(guild, held, (page) => {
    for (const { discordUserId } of page) {
      present.delete(discordUserId);
      unlisted.delete(discordUserId);
    }
    gathered.take(page);
  });
  if (!isWhole) return null;
  const missing = [...present];
  const evidence = {
    listed: gathered.listed(),
    present: presentCount,
    missing: missing.length,
    listedHolders: gathered.holders,
    roleNames,
  };
  let fault = judgeListing({ ...evidence, counts: counts ?? new Map() });
  // Roles may be removed while pages are read. So the list is rejected only if it falls short of
  // the counts read both before and after it.
  if (
    fault !== null &&
    counts !== null &&
    judgeListing({ ...evidence, counts: new Map() }) === null
  ) {
    const again = await readCounts();
    fault = judgeListing({ ...evidence, counts: again === null ? counts : smaller(counts, again) });
  }
  return {
    askedAt,
    pages: gathered.pages,
    linkedCount: linked.size,
    listedCount: evidence.listed,
    unlinked: gathered.unlinked,
    missing,
    waiting: {
      listed: waiting.filter((job) => !unlisted.has(job.discordUserId)),
      unlisted: [...unlisted.values()],
    },
    fault,
  };
}

async function readPages(
  guild: Pick<Guild, 'listMembers'>,
  held: HeldRun,
  take: (page: readonly ListedMember[]) => void,
): Promise<boolean> {
  let after: DiscordUserId | null = null;
  let read = 0;
  for (;;) {
    const page: readonly ListedMember[] | null = await held
      .call(() => guild.listMembers({ after, limit: PAGE }))
      .catch(missingIntent);
    if (page === null) return false;
    take(page);
    read += page.length;
    held.note(read);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return true;
    after = last.discordUserId;
  }
}

function missingIntent(error: unknown): null {
  if (error instanceof TerminalError && error.code === 'MISSING_INTENT') return null;
  throw error;
}

function gather(linked: { has(id: DiscordUserId): boolean }, managed: Iterable<RoleId>) {
  const members = createPackedMembers();
  const holders = new Map<RoleId, number>();
  for (const roleId of managed) holders.set(roleId, 0);
  const unlinked = gatherUnlinkedHolders(new Set(holders.keys()));
  let listed = 0;
  return {
    pages: () => members.pages(),
    holders,
    unlinked,
    listed: () => listed,
    take(page: readonly ListedMember[]) {
      listed += page.length;
      const isLinked = page.map((each) => linked.has(each.discordUserId));
      members.add(page.filter((_, place) => isLinked[place]));
      unlinked.add(page.filter((_, place) => !isLinked[place]));
      for (const { roleIds } of page) for (const roleId of roleIds) raise(holders, roleId);
    },
  };
}

/** Increments the count of a mapped role, and ignores every other role. */
function raise(counts: Map<RoleId, number>, roleId: RoleId): void {
  const count = counts.get(roleId);
  if (count !== undefined) counts.set(roleId, count + 1);
}

function smaller(
  some: ReadonlyMap<RoleId, number>,
  others: ReadonlyMap<RoleId, number>,
): ReadonlyMap<RoleId, number> {
  return new Map(
    [...some].map(([roleId, count]) => [roleId, Math.min(count, others.get(roleId) ?? 0)]),
  );
}

/**
 * Pages of listed members, kept until the whole list is judged. They are compressed, because a
 * guild may have a million members.
 */
interface PackedMembers {
  add(page: readonly ListedMember[]): void;
  /** Returns the pages in the order in which they were added, decompressing one at a time. */
  pages(): Iterable<readonly ListedMember[]>;
}

/** The fastest compression, because pages are soon decompressed again. */
const LEVEL = 1;

export function createPackedMembers(): PackedMembers {
  const packed: Buffer[] = [];
  return {
    add(page) {
      if (page.length > 0) packed.push(deflateRawSync(serialize(page), { level: LEVEL }));
    },
    *pages() {
      for (const each of packed) yield unpack(each);
    },
  };
}

function unpack(packed: Buffer): readonly ListedMember[] {
  const page: readonly ListedMember[] = deserialize(inflateRawSync(packed));
  return page;
}

/** Holders to collect before packing a chunk: as many as a page of Discord's list has members. */
const CHUNK = 1_000;

interface UnlinkedHolders {
  /** Adds the unlinked members of a page. Pages come in ascending order of ids. */
  add(members: readonly ListedMember[]): void;
  /**
   * Returns chunks whose ranges together cover all ids, so that stored holders who are no longer
   * listed fall into one of them.
   */
  chunks(): Iterable<UnlinkedChunk>;
}

/** Collects unlinked members who hold a mapped role, compressed until the list is judged. */
function gatherUnlinkedHolders(mapped: ReadonlySet<RoleId>): UnlinkedHolders {
  const packed = createPackedMembers();
  let waiting: ListedMember[] = [];
  return {
    add(members) {
      for (const member of members) {
        const roleIds = member.roleIds.filter((id) => mapped.has(id));
        if (roleIds.length > 0) waiting.push({ ...member, roleIds });
      }
      if (waiting.length < CHUNK) return;
      packed.add(waiting);
      waiting = [];
    },
    *chunks() {
      let after: DiscordUserId | null = null;
      for (const holders of packed.pages()) {
        const to: DiscordUserId | null = holders.at(-1)?.discordUserId ?? after;
        yield { after, to, holders: holders.map(toHolder) };
        after = to;
      }
      yield { after, to: null, holders: waiting.map(toHolder) };
    },
  };
}

const toHolder = (member: ListedMember) => ({
  discordUserId: member.discordUserId,
  roleIds: member.roleIds,
  username: member.username,
  displayName: member.displayName,
  nickname: member.nickname,
  isBot: member.isBot ?? false,
});

/**
 * Reads Discord's holder count of each role. Null: the counts are not available, so a list is
 * needed.
 */
export type ReadCounts = () => Promise<ReadonlyMap<RoleId, number> | null>;

/**
 * Reads role counts without failing the sweep: counting is only a shortcut, and uses one of
 * Discord's newest routes. `fault()` returns why the last count failed; null if it succeeded;
 * undefined if the sweep did not count.
 */
export function countLeniently(
  guild: Pick<Guild, 'readRoleCounts'>,
  held: HeldRun,
): {
  readonly readCounts: ReadCounts;
  readonly fault: () => string | null | undefined;
} {
  let fault: string | null | undefined;
  return {
    async readCounts() {
      try {
        const counts = await held.call(() => guild.readRoleCounts());
        fault = null;
        return counts;
      } catch (error) {
        if (!isOfCounting(error)) throw error;
        fault = error.message;
        return null;
      }
    },
    fault: () => fault,
  };
}

/**
 * Whether the sweep can continue with the member list after this error. It cannot if Discord
 * rejected the token or does not know the guild, because listing would fail too. The sweep then
 * fails with that reason.
 */
function isOfCounting(error: unknown): error is Error {
  if (error instanceof UnavailableError) return true;
  return (
    error instanceof TerminalError &&
    error.code !== 'UNAUTHORIZED' &&
    error.code !== 'UNKNOWN_GUILD'
  );
}

export function differences(
  counts: ReadonlyMap<RoleId, number>,
  linked: ReadonlyMap<RoleId, number>,
): ReadonlyMap<RoleId, number> {
  return new Map([...linked].map(([roleId, count]) => [roleId, (counts.get(roleId) ?? 0) - count]));
}
