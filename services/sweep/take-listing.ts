import { TerminalError } from '../lib/errors.js';
import type { DiscordUserId, RoleId } from '../model.js';
import type { HeldRun } from './held-run.js';
import { judgeListing } from './judge-listing.js';
import type { Guild, ListedMember, SweepMemory } from './ports.js';

const PAGE = 1_000;

/** A whole guild, of which only linked members are kept; of all others it is counted which managed roles they hold. */
export interface Listing {
  readonly askedAt: string;
  readonly members: readonly ListedMember[];
  readonly linkedCount: number;
  /** Of all members, linked or not. */
  readonly listedCount: number;
  readonly unlinkedHolders: ReadonlyMap<RoleId, number>;
  /** Linked members who were in the guild, as far as was known, and are not listed. */
  readonly missing: readonly DiscordUserId[];
  /** Why nothing may follow from it; null when it can be believed. */
  readonly fault: string | null;
}

interface Deps {
  readonly memory: Pick<SweepMemory, 'readLinkedMembers'>;
  readonly guild: Guild;
}

/** Null: the bot may not list the members of its guild. */
export async function takeListing(
  { memory, guild }: Deps,
  held: HeldRun,
  managed: Iterable<RoleId>,
): Promise<Listing | null> {
  const { askedAt, linked, present } = await memory.readLinkedMembers(
    held.run.clientId,
  );
  const gathered = gather(linked, managed);
  const counts = await held.call(() => guild.readRoleCounts());
  const isWhole = await readPages(guild, held, (each) => gathered.take(each));
  if (!isWhole) return null;
  const listed = new Set(gathered.members.map((each) => each.discordUserId));
  const missing = [...present].filter((id) => !listed.has(id));
  const evidence = {
    listed: gathered.listed(),
    present: present.size,
    missing: missing.length,
    listedHolders: gathered.holders,
  };
  let fault = judgeListing({ ...evidence, counts });
  // Roles may have been taken while the pages were read: only what both counts say stands against a list.
  if (
    fault !== null &&
    judgeListing({ ...evidence, counts: new Map() }) === null
  )
    fault = judgeListing({
      ...evidence,
      counts: smaller(counts, await held.call(() => guild.readRoleCounts())),
    });
  return {
    askedAt,
    members: gathered.members,
    linkedCount: linked.size,
    listedCount: evidence.listed,
    unlinkedHolders: gathered.unlinkedHolders,
    missing,
    fault,
  };
}

async function readPages(
  guild: Guild,
  held: HeldRun,
  take: (member: ListedMember) => void,
): Promise<boolean> {
  let after: DiscordUserId | null = null;
  let read = 0;
  for (;;) {
    const page: readonly ListedMember[] | null = await held
      .call(() => guild.listMembers({ after, limit: PAGE }))
      .catch(missingIntent);
    if (page === null) return false;
    page.forEach(take);
    read += page.length;
    held.note(read);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return true;
    after = last.discordUserId;
  }
}

function missingIntent(error: unknown): null {
  if (error instanceof TerminalError && error.code === 'MISSING_INTENT')
    return null;
  throw error;
}

function gather(linked: ReadonlySet<DiscordUserId>, managed: Iterable<RoleId>) {
  const members: ListedMember[] = [];
  const holders = new Map<RoleId, number>();
  const unlinkedHolders = new Map<RoleId, number>();
  for (const roleId of managed) {
    holders.set(roleId, 0);
    unlinkedHolders.set(roleId, 0);
  }
  let listed = 0;
  return {
    members,
    holders,
    unlinkedHolders,
    listed: () => listed,
    take(member: ListedMember) {
      listed += 1;
      const isLinked = linked.has(member.discordUserId);
      if (isLinked) members.push(member);
      for (const roleId of member.roleIds) {
        raise(holders, roleId);
        if (!isLinked) raise(unlinkedHolders, roleId);
      }
    },
  };
}

/** Of managed roles only. */
function raise(counts: Map<RoleId, number>, roleId: RoleId): void {
  const count = counts.get(roleId);
  if (count !== undefined) counts.set(roleId, count + 1);
}

function smaller(
  some: ReadonlyMap<RoleId, number>,
  others: ReadonlyMap<RoleId, number>,
): ReadonlyMap<RoleId, number> {
  return new Map(
    [...some].map(([roleId, count]) => [
      roleId,
      Math.min(count, others.get(roleId) ?? 0),
    ]),
  );
}
