/**
 * Runs one sweep.
 * In: a run claimed by this process. Out: its result, including the members to reconcile.
 * Never: a change at Discord, or any change based on a list that is empty, partial or failed.
 */
import { type ClientId, CONFIRMING_MS } from '../model.js';
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
 * VERIFY_GROUPS lists the guild in every twelfth run (hourly by default), because equal counts can
 * hide two opposite changes. While events arrive, which show such changes at once, every 288th run
 * (daily by default) proves that none was missed.
 */
const LISTED_EVERY = { polling: 12, live: 288 };
/** Maximum number of absent members read by a sweep that does not list the guild. */
const MOST_ABSENT = 50;
/** Maximum number of members pending screening read by a sweep that does not list the guild. */
const MOST_SCREENED = 50;
/** Maximum number of members read one by one when the bot may not list members. */
const MOST_SINGLE = 500;

interface Deps {
  readonly memory: SweepMemory;
  readonly guild: Guild;
  readonly readCounts: ReadCounts;
  readonly planNickname: PlanNickname;
}

const CROWD_UNLISTED =
  'the bot may not list members (SERVER MEMBERS INTENT is off): reading members one by one';

/** The result of a sweep that found nothing and does nothing. */
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
  if (kind === 'VERIFY_GROUPS' && (await isAsExpected(deps, clientId, expectation)))
    return verifyMirror(deps, held, expectation);
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
 * Compares Discord's role counts with the expected ones, which takes one call and no member list.
 * If someone changes a member's roles manually, a count changes. A simultaneous write by the
 * connector can hide that change, so the comparison fails if there was such a write.
 */
async function isAsExpected(
  { memory, readCounts }: Deps,
  clientId: ClientId,
  { expected, runsSince, isLive, isBeingWritten, asOf }: Expectation,
): Promise<boolean> {
  if (expected.size === 0) return true;
  const listedEvery = isLive ? LISTED_EVERY.live : LISTED_EVERY.polling;
  if (runsSince === null || runsSince >= listedEvery - 1 || isBeingWritten) return false;
  const counts = await readCounts();
  if (counts === null) return false;
  const isSame = [...expected].every(([roleId, count]) => count === (counts.get(roleId) ?? 0));
  return isSame && !(await memory.hasWritten(clientId, asOf));
}

/**
 * Discord's counts match the mirror, so only facts and mappings can have caused drift. Members who
 * joined the guild or accepted its rules are found by reading them, unless events show that.
 */
async function verifyMirror(
  { memory }: Deps,
  held: HeldRun,
  { isLive }: Expectation,
): Promise<SweepEnding> {
  const { clientId } = held.run;
  const drifted = await findDrift(memory, held, {});
  const absent = isLive
    ? []
    : await memory.readOldest({ clientId, isAbsent: true, limit: MOST_ABSENT });
  const screened = isLive ? [] : await memory.readScreened({ clientId, limit: MOST_SCREENED });
  return {
    ...NOTHING_FOUND,
    ...found(held, drifted, { ...NO_READS, looks: [...absent, ...screened] }),
    checked: await memory.countLinkedMembers(clientId),
    marks: [...idsOf(drifted), ...absent],
    looks: screened,
    holders: 'asExpected',
  };
}

/** Reads members one by one, starting with those read longest ago, because there is no list. */
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
    // The number of unlinked holders, provided that the mirror is correct. If later counts differ,
    // someone has changed a role.
    holders: counts && differences(counts, linkedHolders),
  };
}

/**
 * Rejects a list that is not credible. Members missing from it are read one by one, so that a guild
 * that really shrank is noticed.
 */
function disbelieve(listing: Listing): SweepEnding {
  return {
    ...NOTHING_FOUND,
    state: 'FAILED',
    reason: listing.fault,
    looks: listing.listedCount === 0 ? [] : listing.missing.slice(0, MOST_SINGLE),
  };
}

/** Returns the result for the list without writing anything. */
async function previewListing(
  { memory }: Deps,
  held: HeldRun,
  listing: Listing,
): Promise<SweepEnding> {
  const seen = [
    ...[...listing.pages()].flatMap((page) =>
      page.map(({ discordUserId, roleIds, isPending, timedOutUntil }) => ({
        discordUserId,
        isPresent: true,
        isPending,
        timedOutUntil,
        roleIds,
      })),
    ),
    ...listing.missing.map((discordUserId) => ({
      discordUserId,
      isPresent: false,
      isPending: false,
      timedOutUntil: null,
      roleIds: [],
    })),
  ];
  const drifted = await findDrift(memory, held, { seen });
  return { ...NOTHING_FOUND, ...found(held, drifted, LISTED), checked: listing.linkedCount };
}

/** Writes the list into the mirror page by page, and finds members out of step. */
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
    marks.push(...fresh.arrived, ...fresh.passedScreening);
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
  // SYNC_ACCOUNTS corrects stored names. The mirror update has already done that, so renamed
  // members count as changed. The same list also reveals members whose roles differ.
  return kind === 'SYNC_ACCOUNTS'
    ? { ...ending, drifted: drifted.length + renamed, changed: renamed }
    : ending;
}

function idsOf(members: readonly DriftedMember[]): readonly string[] {
  return members.map(({ discordUserId }) => discordUserId);
}

/** The forecast's assumption that every member was just read with the list. */
const LISTED: SweepReads = { confirmsForMs: CONFIRMING_MS, looks: [] };

/** Returns the drifted members and the plan for them. */
function found(held: HeldRun, drifted: readonly DriftedMember[], reads: SweepReads) {
  return {
    drifted: drifted.length,
    driftedMembers: drifted,
    plan: planSweep(drifted, held.callsMade(), reads),
  };
}

/** Finds members out of step, and renews the run's lease between pages. */
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
