import type { Logger } from '../../lib/logger.js';
import type { ClientId, SendingPause } from '../../model.js';
import type { BucketGate } from './gate.js';
import type { Pause } from '../rest/answer.js';

/** Called when a client's pause begins, changes or ends; null: calls go through again. */
export type OnPause = (clientId: ClientId, pause: SendingPause | null) => void;

/**
 * The pauses of this process: of a bot, of one of its buckets, or of a client whose budget of
 * invalid requests is spent.
 * In: pauses that begin and end, and the clients they affect. Out: a log line when a pause begins
 * and when it ends, and a callback for each affected client.
 * Never: a pause that begins with a rate limit wait of SHOWN_FROM_MS or less; callers do not report
 * those waits.
 */
export interface SendingPauses {
  /** Begins the pause, or changes its end. */
  begin(key: string, pause: BegunPause, clientId: ClientId): void;
  /** Adds a client to an active pause. */
  join(key: string, clientId: ClientId): void;
  /** Removes a client from the pause. The pause ends with its last client. */
  leave(key: string, clientId: ClientId): void;
  end(key: string): void;
  /**
   * Must be called after each successful call. The first call for a client reports the client's
   * current pause, or null, to the listeners: a pause that an earlier process stored would
   * otherwise stay.
   */
  wentThrough(clientId: ClientId): void;
  /** Active pauses, longest first. */
  current(): readonly SendingPause[];
  /** Clients with an active pause. */
  pausedClients(): readonly ClientId[];
  listen(onPause: OnPause): () => void;
  /** Returns a number that is unique in this process, for keys. */
  nextNumber(): number;
}

interface BegunPause {
  readonly cause: string;
  readonly until: number;
  /** True: the pause ends at `until`. Default: only a successful call ends it. */
  readonly endsByItself?: boolean;
}

/** Waits up to this long are ordinary rate limiting and are neither shown nor logged. */
export const SHOWN_FROM_MS = 10_000;

interface Entry {
  readonly since: number;
  readonly clientIds: Set<ClientId>;
  pause: BegunPause;
}

interface Deps {
  readonly clock: () => number;
  readonly logger: Logger;
}

export function createSendingPauses(deps: Deps): SendingPauses {
  const entries = new Map<string, Entry>();
  const listeners = new Set<OnPause>();
  const answered = new Set<ClientId>();
  let numbers = 0;

  const report = (clientId: ClientId) => {
    const [longest = null] = longestFirst(entries, ({ clientIds }) => clientIds.has(clientId));
    for (const onPause of listeners) onPause(clientId, longest);
  };

  const end = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    logEnd(deps, entry);
    entry.clientIds.forEach(report);
  };

  const endOver = () => overAt(entries, deps.clock()).forEach(end);

  return {
    begin(key, pause, clientId) {
      endOver();
      const known = entries.get(key);
      const entry = known ?? beginEntry(deps, pause, clientId);
      const isNews = known?.pause.until !== pause.until;
      entry.pause = pause;
      entry.clientIds.add(clientId);
      entries.set(key, entry);
      if (isNews) entry.clientIds.forEach(report);
    },
    join(key, clientId) {
      const entry = entries.get(key);
      if (!entry || entry.clientIds.has(clientId)) return;
      entry.clientIds.add(clientId);
      report(clientId);
    },
    leave(key, clientId) {
      const entry = entries.get(key);
      if (!entry?.clientIds.has(clientId)) return;
      if (entry.clientIds.size === 1) return end(key);
      entry.clientIds.delete(clientId);
      report(clientId);
    },
    end,
    wentThrough(clientId) {
      if (!answered.has(clientId)) report(clientId);
      answered.add(clientId);
    },
    current() {
      endOver();
      // Leave out expired bot pauses. Only a successful call ends such a pause, and a disabled
      // client makes no calls, so it would be shown forever.
      return longestFirst(entries, ({ pause }) => pause.until > deps.clock());
    },
    pausedClients: () => clientsPausedAt(entries, deps.clock()),
    listen(onPause) {
      listeners.add(onPause);
      return () => void listeners.delete(onPause);
    },
    nextNumber: () => (numbers += 1),
  };
}

/** Returns the keys of expired pauses that end without a successful call. */
function overAt(entries: ReadonlyMap<string, Entry>, now: number): readonly string[] {
  return [...entries].flatMap(([key, { pause }]) =>
    pause.endsByItself === true && pause.until <= now ? [key] : [],
  );
}

function clientsPausedAt(entries: ReadonlyMap<string, Entry>, now: number): readonly ClientId[] {
  const current = [...entries.values()].filter(({ pause }) => pause.until > now);
  return [...new Set(current.flatMap(({ clientIds }) => [...clientIds]))];
}

function beginEntry({ logger, clock }: Deps, pause: BegunPause, clientId: ClientId): Entry {
  const until = new Date(pause.until).toISOString();
  const fields = { clientId, cause: pause.cause, until };
  logger.warn(fields, 'Discord calls paused');
  return { since: clock(), clientIds: new Set(), pause };
}

function logEnd({ logger, clock }: Deps, { pause, since, clientIds }: Entry): void {
  const { cause } = pause;
  const lastedMs = clock() - since;
  const fields = { clientIds: [...clientIds], cause, lastedMs };
  logger.info(fields, 'Discord calls resumed');
}

function longestFirst(
  entries: ReadonlyMap<string, Entry>,
  isAsked: (entry: Entry) => boolean,
): readonly SendingPause[] {
  return [...entries.values()].filter(isAsked).map(shownPause).sort(byEnd);
}

function shownPause({ since, pause }: Entry): SendingPause {
  const { cause, until } = pause;
  return { cause, since: new Date(since), until: new Date(until) };
}

const byEnd = (a: SendingPause, b: SendingPause) => b.until.getTime() - a.until.getTime();

/**
 * The pause of a whole bot. When its time is up, one call is tried (the trial) while the other
 * calls wait. If the trial succeeds, the pause ends; if Discord asks to wait again, the pause is
 * prolonged.
 */
export interface BotPause {
  /** Registers a client that uses the bot. */
  join(clientId: ClientId): void;
  /** Removes a client that now uses another bot, so that this pause is no longer shown for it. */
  leave(clientId: ClientId): void;
  begin(pause: Pause, clientId: ClientId): void;
  /**
   * Returns the pause if it blocks calls now, else null. Checked before a call waits for its turn.
   */
  closedFor(clientId: ClientId): { readonly until: number; readonly cause: string } | null;
  /** Decides whether a call may be sent. Checked when the call's turn comes. */
  admit(clientId: ClientId): Admission;
  /**
   * Lets the next call be tried at once, because a person asked for it or the client was changed.
   */
  tryNow(): void;
}

type Admission =
  | { readonly kind: 'free' }
  | { readonly kind: 'closed'; readonly until: number; readonly cause: string }
  | { readonly kind: 'trial'; readonly trial: Trial };

export interface Trial {
  wentThrough(): void;
  /** Ends the trial. Called in every case, also after `wentThrough`. */
  leave(): void;
}

/** How long other calls wait while one call is tried. */
const TRIAL_MS = 1_000;

interface BotPauseDeps {
  readonly clock: () => number;
  readonly gate: BucketGate;
  readonly pauses: SendingPauses;
}

export function createBotPause({ clock, gate, pauses }: BotPauseDeps): BotPause {
  const key = `bot ${pauses.nextNumber()}`;
  let pause: { readonly cause: string; readonly until: number } | null = null;
  let trial: Trial | null = null;
  /**
   * Clients that use the bot. A removed client may still have a call in flight, which must not add
   * the client to the pause again.
   */
  const users = new Set<ClientId>();

  const beginTrial = (): Trial => {
    const begun: Trial = {
      wentThrough() {
        // A pause that began after this trial must not be ended by it.
        if (trial !== begun) return;
        pause = null;
        gate.openAll();
        pauses.end(key);
      },
      leave() {
        if (trial === begun) trial = null;
      },
    };
    trial = begun;
    return begun;
  };

  const closedFor = (clientId: ClientId) => {
    if (pause === null) return null;
    if (users.has(clientId)) pauses.join(key, clientId);
    return pause.until > clock() ? pause : null;
  };

  return {
    join: (clientId) => void users.add(clientId),
    leave(clientId) {
      users.delete(clientId);
      pauses.leave(key, clientId);
    },
    begin({ until, why: cause }, clientId) {
      gate.closeAll(until);
      if (pause === null && until - clock() <= SHOWN_FROM_MS) return;
      pause = { cause, until };
      trial = null;
      const [anyUser] = users;
      const affected = users.has(clientId) ? clientId : anyUser;
      if (affected !== undefined) pauses.begin(key, pause, affected);
    },
    closedFor,
    admit(clientId) {
      const closed = closedFor(clientId);
      if (closed !== null) return { kind: 'closed', ...closed };
      if (pause === null) return { kind: 'free' };
      const { cause } = pause;
      return trial === null
        ? { kind: 'trial', trial: beginTrial() }
        : { kind: 'closed', until: clock() + TRIAL_MS, cause };
    },
    tryNow() {
      gate.openAll();
      if (pause !== null) pause = { ...pause, until: clock() };
    },
  };
}
