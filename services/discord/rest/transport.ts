import { AsyncLocalStorage } from 'node:async_hooks';

import { DefaultRestOptions, type ResponseLike, type RESTOptions } from '@discordjs/rest';

import type { ClientId } from '../../model.js';
import type { InvalidAnswer } from '../limits/invalid-budget.js';
import { type Answer, readAnswer } from './answer.js';
import { SINGLE_BYTES } from './calls.js';
import { refusesBot } from './errors.js';

/** The result of one call on the wire, before the REST client interprets it. */
export interface Exchange {
  /** False: nothing was sent. */
  readonly isSent: boolean;
  /** It would have come too early, and was not sent; null: it had its time. */
  readonly closedUntil: number | null;
  readonly answer: Answer | null;
  readonly error: unknown;
}

interface Transport {
  /** For the REST client: it sends through here. */
  readonly makeRequest: RESTOptions['makeRequest'];
  /** Runs a call of the REST client. Never rejects. */
  readonly follow: (run: () => Promise<unknown>, limits: CallLimits) => Promise<Exchange>;
}

interface CallLimits {
  readonly spender: ClientId;
  /** Only here a 401 is believed to be about the bot's token. */
  readonly isOfBot: boolean;
  /**
   * When the call may be made. Checked last, because the call may have waited in the REST client's
   * own queue.
   */
  readonly openFrom: () => number;
  /** A longer body is not read to its end. */
  readonly mostBytes: number;
  /** Sees the response first and decides how to read it. */
  readonly learn: (answer: Answer) => Answer;
}

interface TransportDeps {
  readonly userAgent: string;
  readonly clock: () => number;
  /** As soon as the status is known, before the REST client acts on it. */
  readonly onStatus: (answer: InvalidAnswer) => void;
  /** The bot's token was rejected; called before the REST client drops it. */
  readonly onRefused: () => void;
}

/**
 * Sits under the REST client, which queues the calls of a bucket but hides what this service must
 * know: it takes a redirect for a success, loses the status of a 4xx with a broken body, and stops
 * its timer before the body is read.
 */
export function createTransport(deps: TransportDeps): Transport {
  const following = new AsyncLocalStorage<Trace>();

  return {
    async makeRequest(url, init) {
      const trace = following.getStore();
      if (trace) begin(trace, deps.clock);
      const { isOfBot = false, mostBytes = SINGLE_BYTES, spender } = trace?.limits ?? {};
      let isRefused = false;
      const exchange = {
        ...deps,
        mostBytes,
        onStatus: (seen: InvalidAnswer) => {
          isRefused = isOfBot && seen.status === 401;
          deps.onStatus({ ...seen, ...(spender && { spender }) });
        },
      };
      const { response, raw } = await sendRequest(url, init, exchange).catch((error: unknown) => {
        // The body never came, but the status says enough.
        if (isRefused) deps.onRefused();
        throw error;
      });
      const answer = trace?.limits.learn(raw) ?? raw;
      const isBotRefused = isOfBot && refusesBot(answer);
      if (isBotRefused) deps.onRefused();
      if (trace) trace.answer = answer;
      return readable(response, answer, isBotRefused);
    },

    async follow(run, limits) {
      const trace: Trace = { isSent: false, closedUntil: null, answer: null, limits };
      const error = await following.run(trace, run).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      const { isSent, closedUntil, answer } = trace;
      return { isSent, closedUntil, answer, error };
    },
  };
}

/**
 * The one way out to Discord, for bots and for OAuth2. Follows no redirect, which would carry a token
 * or a secret to whatever host the answer names, and reads no more of a body than its bound. The
 * deadline is the signal in `init`; the hosts that may be called are checked when a client is saved
 * (endpoints.ts).
 */
export async function sendRequest(
  url: string,
  init: Parameters<RESTOptions['makeRequest']>[1],
  {
    userAgent,
    clock,
    mostBytes,
    onStatus,
  }: Pick<TransportDeps, 'userAgent' | 'clock' | 'onStatus'> & { readonly mostBytes: number },
): Promise<{
  readonly response: ResponseLike;
  readonly text: string | null;
  readonly raw: Answer;
}> {
  // The REST client sets its own and takes an appendix only. It hands over a plain object.
  const headers = new Headers(Object.entries(init.headers ?? {}));
  headers.set('User-Agent', userAgent);
  const response = await DefaultRestOptions.makeRequest(url, {
    ...init,
    headers: Object.fromEntries(headers),
  });
  const { status } = response;
  const header = (name: string) => response.headers.get(name);
  onStatus({ status, scope: header('x-ratelimit-scope') });
  const text = await boundedText(response.body, mostBytes);
  const raw = readAnswer({ status, header, text, mostBytes, now: clock() });
  return { response, text, raw };
}

interface Trace {
  isSent: boolean;
  closedUntil: number | null;
  answer: Answer | null;
  readonly limits: CallLimits;
}

function begin(trace: Trace, clock: () => number): void {
  const until = trace.limits.openFrom();
  // Read afterwards: a bucket that is open now has been open since the check.
  trace.isSent = until <= clock();
  if (trace.isSent) return;
  trace.closedUntil = until;
  throw new Error('too early to be sent');
}

/** The response with its body already read. */
function readable(response: ResponseLike, answer: Answer, isBotRefused: boolean): ResponseLike {
  const { body, status } = answer;
  return {
    body: null,
    bodyUsed: true,
    headers: untimed(response.headers),
    ok: response.ok,
    // At a 401 the REST client would drop the bot's token, though it may be a person's that is
    // refused, or a proxy that answers.
    status: status === 401 && !isBotRefused ? 403 : status,
    statusText: response.statusText,
    arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
    json: () => Promise.resolve(body ?? {}),
    text: () => Promise.resolve(''),
  };
}

/**
 * The REST client counts waits by the machine's clock, and one that is put back would make them as
 * much longer. It learns the names of the buckets only: how long to wait, gate and ledger know by
 * ours.
 */
function untimed(headers: ResponseLike['headers']): ResponseLike['headers'] {
  const left = new Headers([...headers]);
  for (const name of TIMED) left.delete(name);
  return left;
}

const TIMED = [
  'retry-after',
  'x-ratelimit-global',
  'x-ratelimit-remaining',
  'x-ratelimit-reset-after',
];

/**
 * Null: the body is longer. Leaving the loop destroys the stream and its socket, so that the rest
 * is never received.
 */
async function boundedText(
  body: AsyncIterable<unknown> | null,
  mostBytes: number,
): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the response body is not bytes');
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Gives each call its own signal, so that a timeout can be distinguished from a shutdown. */
export interface Deadlines {
  begin(): Deadline;
  /** Aborts every call under way, and each later one at its beginning. */
  stop(): void;
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Counts from now again: waiting for a turn and the call itself have a full time each. */
  restart(): void;
  cause(): 'stopped' | 'timedOut' | null;
  end(): void;
}

export function createDeadlines(timeoutMs: number): Deadlines {
  const running = new Set<AbortController>();
  let isStopped = false;

  return {
    begin() {
      const controller = new AbortController();
      let hasTimedOut = false;
      const timer = setTimeout(() => {
        hasTimedOut = true;
        controller.abort();
      }, timeoutMs);
      running.add(controller);
      if (isStopped) controller.abort();
      return {
        signal: controller.signal,
        restart: () => void timer.refresh(),
        cause() {
          if (!controller.signal.aborted) return null;
          return hasTimedOut ? 'timedOut' : 'stopped';
        },
        end() {
          clearTimeout(timer);
          running.delete(controller);
        },
      };
    },
    stop() {
      isStopped = true;
      for (const controller of running) controller.abort();
    },
  };
}
