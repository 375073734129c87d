import { setTimeout as sleep } from 'node:timers/promises';

import type { Pool, PoolClient } from 'pg';

import { InputError, UnavailableError } from '../../lib/errors.js';
import { afterMoment } from '../../lib/moment.js';
import type { RequestScope } from '../../lib/request-scope.js';
import { type Asker, askerOf, MOST_TOGETHER, type QueuedStatement, sendOver } from './together.js';

export interface ReadTiming {
  /** PostgreSQL cancels a read that takes longer. */
  readonly statementMs: number;
  /** Time limit for all reads of one request. */
  readonly requestMs: number;
  /** Time limit for waiting for a connection. */
  readonly waitMs: number;
}

export const READ_TIMING: ReadTiming = {
  statementMs: 5_000,
  requestMs: 10_000,
  waitMs: 5_000,
};

/**
 * Connections one request may use. Without a limit, a request with thirty fields would block all
 * other requests.
 */
const MOST_OF_A_REQUEST = 2;

interface Deps {
  /** A pool for these reads only. */
  readonly pool: Pool;
  readonly most: number;
  /** Cancels the current statement of the server process with this id, over another connection. */
  readonly cancel: (processId: number) => Promise<unknown>;
  /** Returns the current request; null: the read does not belong to one. */
  readonly scope: () => RequestScope | null;
  readonly timing: ReadTiming;
}

/**
 * Runs pages, counts and searches, which may be slow. They have a few connections of their own and
 * a time limit, so that writes, reconciles and sweeps never wait for them. Accepts only statements
 * that change nothing. Throws InputError if a statement takes too long, and UnavailableError if no
 * connection is free in time. When the caller of a request disconnects, its reads are cancelled in
 * the database.
 */
export function createReadShare(deps: Deps): ReadShare {
  const queue = new ReadQueue(deps);
  return { asker: askerOf(queue), stop: () => queue.stop() };
}

export interface ReadShare {
  readonly asker: Asker;
  /**
   * Rejects waiting reads and cancels running ones. Call it before closing the main pool, whose
   * connections send the cancel requests.
   */
  stop(): void;
}

/**
 * Queries that one request made in one microtask, MOST_TOGETHER at most, sent over one connection.
 */
interface Batch {
  readonly reader: Reader;
  readonly asked: readonly QueuedStatement[];
  readonly timer: NodeJS.Timeout;
}

/** The unfinished reads of one request, or one read outside a request. */
interface Reader {
  readonly scope: RequestScope | null;
  gathered: QueuedStatement[];
  running: number;
  waiting: number;
  readonly begunAt: number;
  /** Why the request's reads are rejected; null: they are not. */
  refusal: Error | null;
  /** Aborted to cancel the request's running statements. */
  readonly ending: AbortController;
}

class ReadQueue {
  readonly #readers = new Map<RequestScope, Reader>();
  /** All readers with unfinished reads, inside or outside a request. */
  readonly #busy = new Set<Reader>();
  #waiting: Batch[] = [];
  #running = 0;
  #isStopped = false;

  constructor(readonly deps: Deps) {}

  ask(asked: QueuedStatement): void {
    if (this.#isStopped) return asked.reject(stopping());
    const scope = this.deps.scope();
    if (scope?.signal.aborted) return asked.reject(cancelledByCaller());
    const reader = this.#readerOf(scope);
    this.#busy.add(reader);
    reader.gathered.push(asked);
    if (reader.gathered.length === 1) afterMoment(() => this.#enqueue(reader));
  }

  stop(): void {
    this.#isStopped = true;
    for (const reader of this.#busy) this.#refuse(reader, stopping());
  }

  /** Returns the reader of the request. Each read without a request gets a new one. */
  #readerOf(scope: RequestScope | null): Reader {
    const known = scope && this.#readers.get(scope);
    if (known) return known;
    const reader: Reader = {
      scope,
      gathered: [],
      running: 0,
      waiting: 0,
      begunAt: performance.now(),
      refusal: null,
      ending: new AbortController(),
    };
    if (scope) {
      this.#readers.set(scope, reader);
      scope.signal.addEventListener('abort', () => this.#refuse(reader, cancelledByCaller()));
    }
    return reader;
  }

  #enqueue(reader: Reader): void {
    const asked = reader.gathered;
    reader.gathered = [];
    for (let from = 0; from < asked.length; from += MOST_TOGETHER) {
      const batch: Batch = {
        reader,
        asked: asked.slice(from, from + MOST_TOGETHER),
        timer: setTimeout(() => this.#giveUp(batch), this.deps.timing.waitMs).unref(),
      };
      reader.waiting += 1;
      this.#waiting.push(batch);
    }
    this.#next();
  }

  /**
   * Runs waiting batches in order of arrival. Skips requests that already use MOST_OF_A_REQUEST
   * connections.
   */
  #next(): void {
    while (this.#running < this.deps.most) {
      const index = this.#waiting.findIndex(
        ({ reader }) => !reader.scope || reader.running < MOST_OF_A_REQUEST,
      );
      const batch = this.#waiting[index];
      if (!batch) return;
      this.#waiting.splice(index, 1);
      clearTimeout(batch.timer);
      void this.#run(batch);
    }
  }

  /** Never rejects: each statement's caller gets its error. */
  async #run({ reader, asked }: Batch): Promise<void> {
    reader.waiting -= 1;
    reader.running += 1;
    this.#running += 1;
    const isOver =
      reader.scope !== null && performance.now() - reader.begunAt > this.deps.timing.requestMs;
    if (isOver) reader.refusal ??= tooLong(this.deps.timing.requestMs);
    await this.#send(reader, asked);
    reader.running -= 1;
    this.#running -= 1;
    this.#forgetIdle(reader);
    this.#next();
  }

  async #send(reader: Reader, asked: readonly QueuedStatement[]): Promise<void> {
    let client: PoolClient;
    try {
      if (reader.refusal) throw reader.refusal;
      client = await this.deps.pool.connect();
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return;
    }
    const state = { isSettled: false, isCancelled: false };
    const cancelling = cancelWhenDropped(client, state, {
      signal: reader.ending.signal,
      cancel: this.deps.cancel,
    });
    const statements = asked.map((each) => ({
      ...each,
      reject: (error: unknown) => each.reject(this.#faultOf(reader, error)),
    }));
    if (reader.refusal) for (const { reject } of statements) reject(reader.refusal);
    else await sendOver(client, statements);
    state.isSettled = true;
    await cancelling.stop();
    // Destroys a cancelled connection, because a late cancel request could hit its next statement.
    client.release(state.isCancelled);
  }

  /**
   * Returns the error for a failed read. If PostgreSQL cancelled the read because it took too long,
   * also rejects all other reads of its request.
   */
  #faultOf(reader: Reader, error: unknown): unknown {
    if (!isCancelled(error)) return error;
    if (reader.refusal === null) this.#refuse(reader, tooLong(this.deps.timing.statementMs));
    return reader.refusal;
  }

  #refuse(reader: Reader, refusal: Error): void {
    reader.refusal ??= refusal;
    reader.ending.abort();
    const left = this.#waiting.filter((batch) => batch.reader === reader);
    this.#waiting = this.#waiting.filter((batch) => batch.reader !== reader);
    for (const batch of left) this.#reject(batch, refusal);
  }

  #giveUp(batch: Batch): void {
    this.#waiting = this.#waiting.filter((each) => each !== batch);
    this.#reject(batch, busy());
  }

  #reject({ reader, asked, timer }: Batch, error: Error): void {
    clearTimeout(timer);
    reader.waiting -= 1;
    for (const { reject } of asked) reject(error);
    this.#forgetIdle(reader);
  }

  /**
   * Removes a reader without unfinished reads, so that the next read starts a new time limit. A
   * subscription needs this, because it reads occasionally for days.
   */
  #forgetIdle(reader: Reader): void {
    const { scope, running, waiting, gathered } = reader;
    if (running + waiting + gathered.length > 0) return;
    this.#busy.delete(reader);
    if (scope) this.#readers.delete(scope);
  }
}

/**
 * Time between cancel requests. One request may not be enough: the statement may continue, or the
 * next statement of the batch may start.
 */
const AGAIN_MS = 50;

/**
 * Once the signal is aborted, sends cancel requests to the database until all statements on the
 * connection have ended.
 */
function cancelWhenDropped(
  client: PoolClient,
  state: { isSettled: boolean; isCancelled: boolean },
  its: {
    readonly signal: AbortSignal | undefined;
    readonly cancel: (processId: number) => Promise<unknown>;
  },
): { readonly stop: () => Promise<void> } {
  const { signal, cancel } = its;
  const processId = processIdOf(client);
  let cancelling: Promise<void> = Promise.resolve();
  const cancelAgain = async () => {
    if (processId === null) return;
    while (!state.isSettled) {
      state.isCancelled = true;
      await cancel(processId).catch(() => undefined);
      await sleep(AGAIN_MS);
    }
  };
  const begin = () => {
    cancelling = cancelAgain();
  };
  if (signal?.aborted) begin();
  signal?.addEventListener('abort', begin, { once: true });
  return {
    async stop() {
      signal?.removeEventListener('abort', begin);
      await cancelling;
    },
  };
}

/** Reads a property that pg sets but its types do not declare. */
function processIdOf(client: PoolClient): number | null {
  const id: unknown = Reflect.get(client, 'processID');
  return typeof id === 'number' ? id : null;
}

export const busy = () => new UnavailableError(BUSY);

const BUSY = 'Too many long reads are running. Try again, or use a narrower filter.';

const cancelledByCaller = () => new UnavailableError('The caller cancelled the request.');

export const stopping = () => new UnavailableError('The connector is stopping. Try again.');

export const tooLong = (ms: number) =>
  new InputError(
    'BAD_USER_INPUT',
    `The read took longer than ${ms / 1000} s. Use a narrower filter or search, or a smaller page.`,
  );

/** Returns true for PostgreSQL's `query_canceled`, also as the cause of another error. */
function isCancelled(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === '57014') return true;
  return false;
}
