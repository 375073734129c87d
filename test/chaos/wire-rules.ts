import { DEMO } from '../../services/sandbox/demo-world.js';
import { CHAOS_TIMING } from '../support/chaos-parts.js';
import type { Crew, GivenUp } from '../support/chaos-crew.js';
import type { Pause } from '../support/pauses.js';
import type { WireCall } from '../support/chaos-wire.js';
import type { Cure } from './cures.js';
import { ASKER } from './stage.js';
import type { Span } from './troubles.js';

const NAMES = new Map<string, string>(
  Object.entries(DEMO.accounts).map(([name, id]) => [id, name]),
);

/** What may never be seen on the wire, whatever happens. Gives a line for each thing that was. */
export function wireFaults(
  all: readonly WireCall[],
  cures: readonly Cure[],
  crew: Pick<Crew, 'givenUp' | 'limited' | 'pauses'>,
  /** When the client was changed, which ends what its bot waits for. */
  changes: readonly Span[],
): readonly string[] {
  const calls = all.filter((call) => call.process !== `process-${ASKER}`);
  return [
    ...overlapping(calls, crew),
    ...impatient(calls, crew, changes),
    ...repeated(calls, cures),
    ...tooManyRefused(calls),
  ];
}

/**
 * One call of a bucket at a time, and one process that writes to the bot. A call ends for its
 * caller when it gives up; only this end is its own to keep to. Another's call is seen by the wire
 * a moment after it was sent.
 */
function overlapping(
  calls: readonly WireCall[],
  { pauses }: Pick<Crew, 'pauses'>,
): readonly string[] {
  const faults: string[] = [];
  for (const [index, call] of calls.entries()) {
    for (const later of calls.slice(index + 1)) {
      const seenLateMs = call.status === 0 ? GIVEN_UP_LATE_MS : SEEN_LATE_MS;
      if (later.startedAt >= call.endedAt - seenLateMs) continue;
      const isSameBucket = bucketOf(call) === bucketOf(later);
      if (call.process === later.process) {
        if (isSameBucket)
          faults.push(`two calls of a bucket at once: ${say(call)} and ${say(later)}`);
      } else if (
        call.method !== 'GET' &&
        later.method !== 'GET' &&
        !stoodStill(pauses, call) &&
        !stoodStill(pauses, later)
      ) {
        faults.push(`two processes write to a bot at once: ${say(call)} and ${say(later)}`);
      }
    }
  }
  return faults;
}

/**
 * It cannot have given its call up, nor have heard the answer; what it had begun to send is sent
 * when it goes on.
 */
function stoodStill(pauses: readonly Pause[], { process, startedAt, endedAt }: WireCall): boolean {
  return pauses.some(
    (pause) =>
      pause.process === process &&
      pause.from <= endedAt + 2 * CHAOS_TIMING.callMs &&
      pause.until >= startedAt - GIVEN_UP_LATE_MS,
  );
}

const SEEN_LATE_MS = 15;
/** A connection that its caller has closed. */
const GIVEN_UP_LATE_MS = 150;

/**
 * What was told to wait waits, in its bucket or everywhere. What was on its way already is no
 * fault.
 */
function impatient(
  calls: readonly WireCall[],
  { givenUp, limited: heard, pauses }: Pick<Crew, 'givenUp' | 'limited' | 'pauses'>,
  changes: readonly Span[],
): readonly string[] {
  return calls.flatMap((limited) => {
    const { wait, endedAt } = limited;
    if (wait === null || isUnheard(limited, givenUp)) return [];
    if (stoodStill(pauses, limited)) return [];
    if (limited.path === TRIAL) return [];
    const from = heardAt(limited, heard) + ON_ITS_WAY_MS;
    return calls
      .filter((call) => call.process === limited.process)
      .filter(({ path }) => path !== TRIAL)
      .filter((call) => wait.isGlobal || bucketOf(call) === bucketOf(limited))
      .filter(({ startedAt }) => startedAt > from && startedAt < endedAt + wait.ms - 5)
      .filter(
        ({ startedAt }) =>
          !changes.some(
            (change) =>
              change.until >= limited.startedAt - LONGEST_RUN_MS && change.from <= startedAt,
          ),
      )
      .map(
        (call) =>
          `${say(call)} came ${call.startedAt - endedAt} ms after ${say(limited)}, which was told to wait ${wait.ms} ms`,
      );
  });
}

const ON_ITS_WAY_MS = 60;

/**
 * New secrets are tried by a gateway of their own, which neither hears of the limits of others nor
 * tells of its own.
 */
const TRIAL = '/applications/@me';

/** An answer may lie at the door of a process that is busy. */
function heardAt({ process, startedAt, endedAt }: WireCall, heard: readonly GivenUp[]): number {
  const its = heard.find(
    (each) =>
      each.process === process &&
      each.atMs >= startedAt &&
      each.atMs <= startedAt + 2 * CHAOS_TIMING.callMs,
  );
  return Math.max(endedAt, its?.atMs ?? endedAt);
}

/**
 * A process that a busy machine stalls gives a call up late. Beyond its lease it would have lost the
 * bot, so news from then on is of another call.
 */
const LATEST_NEWS_MS = CHAOS_TIMING.leaseMs;

/**
 * The caller gave up with the answer at its door, or before the wire, which is as busy, had even
 * seen the call.
 */
function isUnheard(call: WireCall, givenUp: readonly GivenUp[]): boolean {
  return givenUp.some(
    ({ process, atMs }) =>
      process === call.process &&
      atMs >= call.startedAt - CHAOS_TIMING.callMs &&
      atMs <= call.startedAt + LATEST_NEWS_MS,
  );
}

/**
 * The same call refused in the same way again needs a reason: each cure since the run of the first
 * refusal began allows one more. A 429 is no refusal.
 */
function repeated(calls: readonly WireCall[], cures: readonly Cure[]): readonly string[] {
  const refused = calls.filter((call) => REFUSALS.has(call.status) && !mayPass(call));
  const alike = Map.groupBy(
    refused,
    (call) => `${call.method} ${call.path} ${call.status}/${call.code}`,
  );
  return [...alike].flatMap(([what, times]) => {
    const account = NAMES.get(/members\/(\d+)/.exec(what)?.[1] ?? '');
    const faults: string[] = [];
    for (const [index, last] of times.entries()) {
      for (const [earlier, first] of times.slice(0, index).entries()) {
        const since = first.startedAt - LONGEST_RUN_MS;
        const allowed = cures.filter(
          (cure) =>
            (cure.account === 'all' || account === undefined || cure.account === account) &&
            cure.until >= since &&
            cure.from <= last.startedAt,
        ).length;
        const underWay = account === undefined ? RUNS_UNDER_WAY : 0;
        if (index - earlier > allowed + underWay)
          faults.push(
            `${what} was refused ${index - earlier + 1} times within ${last.startedAt - first.startedAt} ms, with ${allowed} changes of state`,
          );
      }
    }
    return faults.slice(0, 1);
  });
}

const REFUSALS = new Set([400, 401, 403, 404]);

/** Not documented as lasting, or not of Discord's API: tried again with growing pauses. */
function mayPass({ status, code }: WireCall): boolean {
  return status !== 401 && (code === null || PASSING_CODES.has(code));
}

const PASSING_CODES = new Set([0, 40006, 50035]);
/**
 * What the guild itself answers each run that is under way finds out for itself; then the client
 * pauses.
 */
const RUNS_UNDER_WAY = 3;
/** A mark that came while the run was on its way to the refused call is worked after it. */
const LONGEST_RUN_MS = 1_500;

/** 1,000 within ten minutes, and no world lasts as long. */
function tooManyRefused(calls: readonly WireCall[]): readonly string[] {
  const refused = calls.filter(({ status }) => [401, 403, 429].includes(status));
  return refused.length < 1_000 ? [] : [`${refused.length} invalid requests`];
}

function bucketOf({ method, route }: WireCall): string {
  return `${method} ${route}`;
}

function say({ process, method, path, status, startedAt, endedAt }: WireCall): string {
  return `${process} ${method} ${path} ${status} [${startedAt % 1e6}-${endedAt % 1e6}]`;
}
