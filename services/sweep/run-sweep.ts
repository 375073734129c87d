/**
 * One sweep, from its first question to its end.
 * In: a run that this process holds. Out: how it ended, with the members for the path to look at.
 * Never: a change at Discord; and nothing follows from a listing that is empty, partial or failed.
 */
import { CONFIRMING_MS } from '../model.js';
import { addNames, NAMES_UNLISTED, strategyOf } from './misnamed.js';
import { type HeldRun, RunLostError } from './held-run.js';
import { NO_READS, planSweep, type SweepReads } from './plan-sweep.js';
import type {
  DriftedMember,
  Expectation,
  Guild,
  PlanNickname,
  SweepEnding,
  SweepMemory,
} from './ports.js';
import {
  countLeniently,
  differences,
  type Listing,
  type ReadCounts,
  takeListing,
} from './take-listing.js';

/**
 * Numbers that agree may hide a pair of changes that outweigh each other: an hour later the guild
 * is listed all the same.
 */
const LISTED_EVERY = 12;
/** Number of absent members read by a run without a listing. */
const MOST_ABSENT = 50;
/** Number of members pending screening read by a run without a listing. */
const MOST_SCREENED = 50;
/** Number of members read one by one when no list is available. */
const MOST_SINGLE = 500;

interface Deps {
  readonly memory: SweepMemory;
  readonly guild: Guild;
  readonly readCounts: ReadCounts;
  readonly planNickname: PlanNickname;
}

const CROWD_UNLISTED =
  'the bot may not list members (SERVER MEMBERS INTENT is off): reading members one by one';

/** A sweep that found nothing and does nothing. */
export const NOTHING_FOUND: SweepEnding = {
  state: 'DONE',
  plan: null,
  driftedMembers: [],
  checked: 0,
  drifted: 0,
  changed: 0,
  failed: 0,
  reason: null,
  marks: [],
  looks: [],
  holders: null,
};

export async function runSweep(
  deps: Omit<Deps, 'readCounts'>,
  held: HeldRun,
): Promise<SweepEnding> {
  const { readCounts, fault } = countLeniently(deps.guild, held);
  const ending = await sweep({ ...deps, readCounts }, held);
  const countsFault = fault();
  return { ...ending, ...(countsFault !== undefined && { countsFault }) };
}

async function sweep(deps: Deps, held: HeldRun): Promise<SweepEnding> {
  const { clientId, kind } = held.run;
  if (kind === 'ENFORCE_NICKNAMES' && (await strategyOf(deps, held.run)) === 'NONE')
    return { ...NOTHING_FOUND, reason: 'the strategy NONE keeps nicknames' };
  const expectation = await deps.memory.readExpectation(clientId);
  if (kind === 'VERIFY_GROUPS' && (await isAsExpected(deps, expectation)))
    return verifyMirror(deps, held);
  const listing = await takeListing(deps, held, expectation);
  if (listing === null && held.run.isForCrowd) return { ...NOTHING_FOUND, reason: CROWD_UNLISTED };
  if (listing === null)
    return kind === 'ENFORCE_NICKNAMES'
      ? addNames(deps, held, {
          ending: { ...NOTHING_FOUND, reason: NAMES_UNLISTED },
          listed: null,
          reads: NO_READS,
        })
      : readSingly(deps, held, expectation);
  if (listing.fault !== null) return disbelieve(listing);
  const ending = held.run.isDryRun
    ? await previewListing(deps, held, listing)
    : await takeOver(deps, held, listing, expectation);
  if (kind !== 'ENFORCE_NICKNAMES') return ending;
  const shown = held.run.isDryRun ? [...listing.pages()].flat() : null;
  return addNames(deps, held, { ending, listed: shown, reads: LISTED });
}

/**
 * Needs one call and no member list: a role changed by hand shows in the number of its holders.
 */
async function isAsExpected(
  { readCounts }: Deps,
  { expected, runsSince }: Expectation,
): Promise<boolean> {
  if (expected.size === 0) return true;
  if (runsSince === null || runsSince >= LISTED_EVERY - 1) return false;
  const counts = await readCounts();
  return (
    counts !== null && [...expected].every(([roleId, count]) => count === (counts.get(roleId) ?? 0))
  );
}

/** The guild matches the mirror, so drift can only come from facts and mappings. */
async function verifyMirror({ memory }: Deps, held: HeldRun): Promise<SweepEnding> {
  const { clientId } = held.run;
  const drifted = await findDrift(memory, held, {});
  const oldest = { clientId, isAbsent: true, limit: MOST_ABSENT };
  const absent = await memory.readOldest(oldest);
  const pending = { clientId, limit: MOST_SCREENED };
  const screened = await memory.readScreened(pending);
  return {
    ...NOTHING_FOUND,
    ...found(held, drifted, { ...NO_READS, looks: [...absent, ...screened] }),
    checked: await memory.countLinkedMembers(clientId),
    marks: [...idsOf(drifted), ...absent],
    looks: screened,
    holders: 'asExpected',
  };
}

/** Without a listing, members are read one by one, starting with the least recently read. */
async function readSingly(
  { memory, readCounts }: Deps,
  held: HeldRun,
  { linkedHolders }: Expectation,
): Promise<SweepEnding> {
  const { clientId } = held.run;
  const drifted = await findDrift(memory, held, {});
  const oldest = await memory.readOldest({ clientId, isAbsent: false, limit: MOST_SINGLE });
  const counts = await readCounts();
  return {
    ...NOTHING_FOUND,
    ...found(held, drifted, { ...NO_READS, looks: oldest }),
    checked: oldest.length,
    reason: `the bot may not list members (SERVER MEMBERS INTENT is off): reading ${oldest.length} of them one by one`,
    marks: idsOf(drifted),
    looks: oldest,
    // As many others must hold them, if the mirror is right; when the numbers change, something
    // has.
    holders: counts && differences(counts, linkedHolders),
  };
}

/**
 * A listing that is not credible changes nothing. Members missing from it are read one by one, so
 * that a guild that really shrank is noticed.
 */
function disbelieve(listing: Listing): SweepEnding {
  return {
    ...NOTHING_FOUND,
    state: 'FAILED',
    reason: listing.fault,
    looks: listing.listedCount === 0 ? [] : listing.missing.slice(0, MOST_SINGLE),
  };
}

/** The findings of the listing, without any write. */
async function previewListing(
  { memory }: Deps,
  held: HeldRun,
  listing: Listing,
): Promise<SweepEnding> {
  const seen = [
    ...[...listing.pages()].flatMap((page) =>
      page.map(({ discordUserId, roleIds, isPending }) => ({
        discordUserId,
        isPresent: true,
        isPending,
        roleIds,
      })),
    ),
    ...listing.missing.map((discordUserId) => ({
      discordUserId,
      isPresent: false,
      isPending: false,
      roleIds: [],
    })),
  ];
  const drifted = await findDrift(memory, held, { seen });
  return { ...NOTHING_FOUND, ...found(held, drifted, LISTED), checked: listing.linkedCount };
}

/** Writes the listing into the mirror page by page, and finds members out of step. */
async function takeOver(
  { memory }: Deps,
  held: HeldRun,
  { pages, missing, askedAt, linkedCount, listedCount, unlinked, waiting }: Listing,
  { expected }: Expectation,
): Promise<SweepEnding> {
  const { run } = held;
  const { clientId, kind } = run;
  const listing = { clientId, askedAt };
  const changed: string[] = [];
  const marks: string[] = [];
  let renamed = 0;
  for (const page of pages()) {
    await held.beforePage();
    const fresh = await memory.runs.refreshMirror(run, listing, page);
    if (fresh === null) throw new RunLostError(run.id);
    changed.push(...fresh.changed);
    marks.push(...fresh.arrived, ...fresh.screened);
    renamed += fresh.renamed.length;
  }
  for (const chunk of unlinked.chunks()) {
    await held.beforePage();
    if (!(await memory.runs.saveUnlinkedHolders(run, chunk))) throw new RunLostError(run.id);
  }
  const left = await memory.runs.noteLeft(run, listing, missing);
  if (left === null) throw new RunLostError(run.id);
  marks.push(...left);
  const isAnswered = new Set(waiting.unlisted.map((job) => job.discordUserId));
  const drifted = (await findDrift(memory, held, { changed })).filter(
    (member) => !(member.isUnread && isAnswered.has(member.discordUserId)),
  );
  const isDrifted = new Set(idsOf(drifted));
  const ending = {
    ...NOTHING_FOUND,
    ...found(held, drifted, { ...LISTED, looks: left }),
    checked: linkedCount,
    marks: [...marks, ...idsOf(drifted)],
    listed: { askedAt, roleIds: [...expected.keys()], members: listedCount },
    answered: {
      askedAt,
      inStep: waiting.listed.filter((job) => !isDrifted.has(job.discordUserId)),
      absent: waiting.unlisted,
    },
  };
  // This sweep is about names, which are correct once they are in the mirror. Roles out of step are
  // found with the same list.
  return kind === 'SYNC_ACCOUNTS'
    ? { ...ending, drifted: drifted.length + renamed, changed: renamed }
    : ending;
}

function idsOf(members: readonly DriftedMember[]): readonly string[] {
  return members.map(({ discordUserId }) => discordUserId);
}

/** Every member was just read with the list. */
const LISTED: SweepReads = { confirmsForMs: CONFIRMING_MS, looks: [] };

/** What a sweep has found, with its plan. */
function found(held: HeldRun, drifted: readonly DriftedMember[], reads: SweepReads) {
  return {
    drifted: drifted.length,
    driftedMembers: drifted,
    plan: planSweep(drifted, held.callsMade(), reads),
  };
}

/** Finds members out of step, and keeps the run's claim meanwhile. */
async function findDrift(
  memory: Pick<SweepMemory, 'readDrift'>,
  held: HeldRun,
  request: Partial<Pick<Parameters<SweepMemory['readDrift']>[0], 'seen' | 'changed'>>,
): Promise<readonly DriftedMember[]> {
  return memory.readDrift({
    clientId: held.run.clientId,
    seen: [],
    changed: [],
    beforePage: async () => held.beforePage(),
    ...request,
  });
}
