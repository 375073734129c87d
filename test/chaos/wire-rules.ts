import { DEMO } from '../../services/demo/demo-world.js';
import { CHAOS_TIMING } from './path-parts.js';
import type { Crew, GivenUp } from './crew.js';
import type { Pause } from '../support/pauses.js';
import type { WireCall } from './wire.js';
import type { Cure } from './cures.js';
import { ASKER } from './stage.js';
import type { Span } from './troubles.js';

const NAMES = new Map<string, string>(
  Object.entries(DEMO.accounts).map(([name, id]) => [id, name]),
);

/** Rules that the calls on the wire may never break; returns a line for each violation. */
export function wireFaults(
  all: readonly WireCall[],
  cures: readonly Cure[],
  crew: Pick<Crew, 'givenUp' | 'limited' | 'pauses'>,
  /** When the client was changed, which ends the waits of its bot. */
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
 * At most one call of a bucket at a time, and one process that writes for the bot. A call ends when
 * its caller gives up, and only its own process can know that. The wire observes calls of other
 * processes slightly after they were sent.
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
 * A paused process can neither give up its call nor receive the response; it sends the rest of its
 * data when it continues.
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
/** How late the wire observes that a caller closed its connection. */
const GIVEN_UP_LATE_MS = 150;

/** After a 429 the process waits, in the bucket or everywhere. Calls already sent are excused. */
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
          `${say(call)} came ${call.startedAt - endedAt} ms after ${say(limited)}, which asked to wait ${wait.ms} ms`,
      );
  });
}

const ON_ITS_WAY_MS = 60;

/**
 * The service checks new secrets with a gateway of its own, which shares no limits with the others.
 */
const TRIAL = '/applications/@me';

/** A busy process may receive a response late. */
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
 * A process that a busy machine delays gives up a call late. After its lease it would have lost the
 * bot, so later reports concern another call.
 */
const LATEST_NEWS_MS = CHAOS_TIMING.leaseMs;

/**
 * The caller gave up before it read the response, or before the wire, which is as busy, had
 * observed the call.
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
 * A call refused twice in the same way needs a reason: each cure since the start of the first
 * refused run allows one more. A 429 is no refusal.
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
            `${what} was refused ${index - earlier + 1} times within ${last.startedAt - first.startedAt} ms, with ${allowed} changes of state: ${say(first)} and ${say(last)}`,
          );
      }
    }
    return faults.slice(0, 1);
  });
}

const REFUSALS = new Set([400, 401, 403, 404]);

/**
 * Refusals that are not documented as lasting, or not from Discord's API: the service retries them
 * with growing pauses.
 */
function mayPass({ status, code }: WireCall): boolean {
  return status !== 401 && (code === null || PASSING_CODES.has(code));
}

const PASSING_CODES = new Set([0, 40006, 50035]);
/** Each running run may receive a refusal of the whole guild once, before the client pauses. */
const RUNS_UNDER_WAY = 3;
/** A mark that arrives before a run's refused call is processed after that run. */
const LONGEST_RUN_MS = 1_500;

/** At most 1,000 in ten minutes; no world lasts that long. */
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
