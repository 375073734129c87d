import { TerminalError } from '../lib/errors.js';
import type { DiscordUserId, RoleId } from '../model.js';
import type { HeldRun } from './held-run.js';
import { judgeListing } from './judge-listing.js';
import { createPackedMembers, type PackedMembers } from './packed-members.js';
import type { Expectation, Guild, ListedMember, SweepMemory } from './ports.js';
import type { ReadCounts } from './role-counts.js';
import { gatherUnlinkedHolders, type UnlinkedHolders } from './unlinked-holders.js';

const PAGE = 1_000;

/**
 * A whole guild, of which linked members are kept, and others only while they hold a mapped role.
 */
export interface Listing {
  readonly askedAt: string;
  readonly pages: PackedMembers['pages'];
  readonly linkedCount: number;
  /** Of all members, linked or not. */
  readonly listedCount: number;
  readonly unlinked: UnlinkedHolders;
  /** Linked members last observed in the guild that are not listed. */
  readonly missing: readonly DiscordUserId[];
  /** Why nothing may follow from it; null when it can be believed. */
  readonly fault: string | null;
}

interface Deps {
  readonly memory: Pick<SweepMemory, 'readLinkedMembers'>;
  readonly guild: Pick<Guild, 'listMembers'>;
  readonly readCounts: ReadCounts;
}

/** Null: the bot may not list the members of its guild. */
export async function takeListing(
  { memory, guild, readCounts }: Deps,
  held: HeldRun,
  { expected, roleNames }: Pick<Expectation, 'expected' | 'roleNames'>,
): Promise<Listing | null> {
  const { askedAt, linked, present } = await memory.readLinkedMembers(held.run.clientId, async () =>
    held.beforePage(),
  );
  const presentCount = present.size;
  const gathered = gather(linked, expected.keys());
  const counts = await readCounts();
  const isWhole = await readPages(guild, held, (page) => {
    for (const { discordUserId } of page) present.delete(discordUserId);
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
  // Roles may be removed while pages are read: only differences found by both counts discredit a
  // listing.
  if (
    fault !== null &&
    counts !== null &&
    judgeListing({ ...evidence, counts: new Map() }) === null
  ) {
    const again = await readCounts();
    fault = judgeListing({
      ...evidence,
      counts: again === null ? counts : smaller(counts, again),
    });
  }
  return {
    askedAt,
    pages: gathered.pages,
    linkedCount: linked.size,
    listedCount: evidence.listed,
    unlinked: gathered.unlinked,
    missing,
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

/** Only mapped roles. */
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
