import { isUrgentJob, type ClientId, type GuildId } from '../../model.js';
import type { Job } from '../../reconcile/job.js';
import {
  type BucketGate,
  createBucketGate,
  createGlobalBudget,
  type GlobalBudget,
} from './gate.js';
import { bucketName, type BucketUse, createLedger, type Ledger, writeUses } from './ledger.js';
import { type BotPause, createBotPause, type SendingPauses } from './sending-pauses.js';
import type {
  BookedWrites,
  Pacing,
  WriteOutlook,
  WriteOutlookOf,
  WriteReservation,
} from '../../reconcile/write/ports.js';

interface Deps {
  readonly writeOutlook: WriteOutlookOf;
  readonly clock: () => number;
  readonly runsPerClient: number;
}

/**
 * After a run was delayed, the client's next runs wait at most this long. Discord's pause may end
 * early, and a new run notices that without a call.
 */
const ASK_AGAIN_MS = 30_000;

/**
 * Limits how many reconcile runs begin to the number of writes that Discord currently allows. Any
 * further run would read its member, open its audit record and then have to wait. Urgent runs may
 * use a bucket's last call. If no call seems to be left, one urgent run is still tried.
 */
export function createPacing({ writeOutlook, clock, runsPerClient }: Deps): Pacing {
  const worked = new Set<ClientId>();
  const delays = createDelays(clock);

  const calmRoom = (clientId: ClientId, outlook: WriteOutlook, runs: number, now: number): Room => {
    const openFromMs = delays.calmFromMs(clientId);
    if (openFromMs > now) return { room: 0, moreAtMs: openFromMs };
    const { left } = outlook;
    if (left > 0) return { room: left - runs, moreAtMs: Infinity };
    return { room: 0, moreAtMs: openFrom(outlook) };
  };

  const urgentRoom = (clientId: ClientId, runs: number, now: number): Room => {
    const openFromMs = delays.urgentFromMs(clientId);
    if (openFromMs > now) return { room: 0, moreAtMs: openFromMs };
    const { left } = writeOutlook({ clientId, isUrgent: true });
    return { room: Math.max(left - runs, runs === 0 ? 1 : 0), moreAtMs: Infinity };
  };

  return {
    begun(job) {
      worked.add(job.clientId);
      delays.begun(job);
    },
    delayed: delays.delayed,
    freed: delays.freed,
    places(running) {
      const taken = new Map(running);
      const urgentOnly: ClientId[] = [];
      const closed: ClientId[] = [];
      const edits = new Map<ClientId, number>();
      let moreInMs = Infinity;
      for (const clientId of worked) {
        const runs = running.get(clientId) ?? 0;
        const now = clock();
        const outlook = writeOutlook({ clientId, isUrgent: false });
        const calm = calmRoom(clientId, outlook, runs, now);
        const urgent = urgentRoom(clientId, runs, now);
        const editAtMs = outlook.edits > 0 ? Infinity : outlook.listsFrom(1);
        const room = calm.room > 0 ? calm.room : urgent.room;
        const moreAtMs = Math.min(calm.moreAtMs, urgent.moreAtMs, editAtMs);
        moreInMs = Math.min(moreInMs, Math.max(SOONEST_MS, moreAtMs - now));
        if (outlook.edits < Infinity) edits.set(clientId, outlook.edits);
        if (calm.room <= 0) urgentOnly.push(clientId);
        if (room <= 0) closed.push(clientId);
        else taken.set(clientId, Math.max(runs, runsPerClient - room));
      }
      return { taken, urgentOnly, edits, closed, moreInMs };
    },
    reserve: createReservations(writeOutlook, clock),
  };
}

/** Tracks until when clients must wait because a run was delayed. */
function createDelays(clock: () => number) {
  const calmFrom = new Map<ClientId, number>();
  /** Set only if the delayed run was urgent. */
  const urgentFrom = new Map<ClientId, number>();
  /**
   * How many times each client's wait was ended early (`freed`). `freedBefore` holds this count as
   * of each run's start. If the count has changed since, the run's delay is outdated and ignored.
   */
  const timesFreed = new Map<ClientId, number>();
  const freedBefore = new WeakMap<object, number>();
  const isOver = (job: Pick<Job, 'clientId'>) =>
    freedBefore.has(job) && freedBefore.get(job) !== (timesFreed.get(job.clientId) ?? 0);

  return {
    calmFromMs: (clientId: ClientId): number => calmFrom.get(clientId) ?? 0,
    urgentFromMs: (clientId: ClientId): number => urgentFrom.get(clientId) ?? 0,
    begun: (job: Pick<Job, 'clientId'>) =>
      void freedBefore.set(job, timesFreed.get(job.clientId) ?? 0),
    delayed: (job: Pick<Job, 'clientId' | 'lane'>, until: Date): void => {
      if (isOver(job)) return;
      const fromMs = Math.min(until.getTime(), clock() + ASK_AGAIN_MS);
      calmFrom.set(job.clientId, fromMs);
      if (isUrgentJob(job)) urgentFrom.set(job.clientId, fromMs);
    },
    freed: (clientId: ClientId): void => {
      timesFreed.set(clientId, (timesFreed.get(clientId) ?? 0) + 1);
      calmFrom.delete(clientId);
      urgentFrom.delete(clientId);
    },
  };
}

interface Room {
  readonly room: number;
  readonly moreAtMs: number;
}

const ONE_OF_EACH = { add: 1, remove: 1 };

const NONE = { add: 0, remove: 0 };

function openFrom(outlook: WriteOutlook): number {
  const singles = outlook.singlesFrom(ONE_OF_EACH, NONE);
  return Math.min(singles, outlook.listsFrom(1));
}

/**
 * Minimum `moreInMs`. A time in the past would make the worker check a closed client in a busy
 * loop.
 */
const SOONEST_MS = 10;

const NOTHING_BOOKED: BookedWrites = { add: 0, remove: 0, lists: 0 };

/**
 * The length of Discord's window for member edits. A nickname that waits for an edit is tried again
 * within this time.
 */
const EDITS_AWAITED_MS = 10_000;

function createReservations(outlookOf: WriteOutlookOf, clock: () => number): Pacing['reserve'] {
  const runs = new Map<ClientId, Map<symbol, BookedWrites>>();
  const editsAwaitedAtMs = new Map<ClientId, number>();

  return (target): WriteReservation => {
    const self = Symbol(target.discordUserId);
    const all = runs.get(target.clientId) ?? new Map<symbol, BookedWrites>();
    runs.set(target.clientId, all);
    const blocked = { singles: 0, lists: 0 };
    const bookedByOthers = (): BookedWrites => {
      const sum = { ...NOTHING_BOOKED };
      for (const [run, calls] of all) {
        if (run === self) continue;
        sum.add += calls.add;
        sum.remove += calls.remove;
        sum.lists += calls.lists;
      }
      return sum;
    };

    return {
      singlesFrom(calls) {
        const from = outlookOf(target).singlesFrom(calls, bookedByOthers());
        return Math.max(blocked.singles, from);
      },
      listsFrom() {
        const from = outlookOf(target).listsFrom(1 + bookedByOthers().lists);
        return Math.max(blocked.lists, from);
      },
      book: (calls) => void all.set(self, { ...NOTHING_BOOKED, ...calls }),
      block: (way, untilMs) => void (blocked[way] = untilMs),
      awaitEdit: () => void editsAwaitedAtMs.set(target.clientId, clock()),
      areEditsAwaited() {
        const sinceMs = clock() - (editsAwaitedAtMs.get(target.clientId) ?? -Infinity);
        return sinceMs >= 0 && sinceMs < EDITS_AWAITED_MS;
      },
      leave: () => void all.delete(self),
    };
  };
}

/** The outlook while no limits are known. */
export const NOTHING_KNOWN: WriteOutlook = {
  left: Infinity,
  edits: Infinity,
  singlesFrom: () => 0,
  listsFrom: () => 0,
};

/**
 * Returns a function that predicts, from the last headers, the member writes Discord allows for a
 * client. Does not call Discord.
 */
export function createWriteOutlook(deps: {
  readonly seen: (clientId: ClientId) => SeenLimits | undefined;
  readonly clock: () => number;
}): WriteOutlookOf {
  return ({ clientId, isUrgent }) => {
    const known = deps.seen(clientId);
    return known ? outlookOf(known, isUrgent, deps.clock) : NOTHING_KNOWN;
  };
}

interface SeenLimits {
  readonly bot: Pick<BotLimits, 'gate' | 'ledger' | 'openFrom'>;
  readonly guildId: GuildId;
}

function outlookOf(
  { bot, guildId }: SeenLimits,
  isUrgent: boolean,
  clock: () => number,
): WriteOutlook {
  const { addition, removal, edit } = writeUses(guildId, isUrgent);
  const areOne = bot.ledger.areOne(addition, removal);
  const left = (use: BucketUse) =>
    bot.gate.openFrom(bucketName(use)) > clock() ? 0 : bot.ledger.left(use);
  const from = (use: BucketUse, calls: number) => (calls === 0 ? 0 : bot.openFrom(use, calls));
  const singles = [left(addition), left(removal)] as const;

  return {
    left: left(edit) + Math.max(...singles),
    edits: left(edit),
    singlesFrom(calls, others) {
      const all = calls.add + calls.remove + others.add + others.remove;
      const wanted = (kind: 'add' | 'remove') => {
        if (calls[kind] === 0) return 0;
        return areOne ? all : calls[kind] + others[kind];
      };
      return Math.max(from(addition, wanted('add')), from(removal, wanted('remove')));
    },
    listsFrom: (calls) => from(edit, calls),
  };
}

/** The rate limit state of one bot token. */
export interface BotLimits {
  readonly gate: BucketGate;
  readonly ledger: Ledger;
  readonly globalBudget: GlobalBudget;
  readonly pause: BotPause;
  /**
   * Returns the time from which this many calls may be made in the bucket; a time up to now means
   * at once.
   */
  readonly openFrom: (use: BucketUse, calls: number) => number;
}

export function createBotLimits(deps: {
  readonly clock: () => number;
  readonly offsetMs: number;
  readonly reserveMs: number;
  readonly globalRequestsPerSecond: number;
  readonly pauses: SendingPauses;
}): BotLimits {
  const { clock } = deps;
  const gate = createBucketGate(deps);
  // The same margin as in `pauseAfter`.
  const marginMs = 2 * deps.offsetMs;
  const ledger = createLedger({ clock, marginMs, reserveMs: deps.reserveMs });
  return {
    gate,
    ledger,
    pause: createBotPause({ ...deps, gate }),
    globalBudget: createGlobalBudget({ clock, perSecond: deps.globalRequestsPerSecond }),
    openFrom: (use, calls) => Math.max(gate.openFrom(bucketName(use)), ledger.freeFrom(use, calls)),
  };
}
