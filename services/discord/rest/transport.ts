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
  /** When the bucket opens, if a closed bucket kept the call from being sent; else null. */
  readonly closedUntil: number | null;
  readonly answer: Answer | null;
  readonly error: unknown;
}

interface Transport {
  /** Sends the REST client's requests; passed to it as its `makeRequest` option. */
  readonly makeRequest: RESTOptions['makeRequest'];
  /** Runs a call of the REST client. Never rejects. */
  readonly follow: (run: () => Promise<unknown>, limits: CallLimits) => Promise<Exchange>;
}

interface CallLimits {
  readonly spender: ClientId;
  /**
   * The call is about the bot itself. Only then does a 401 prove that Discord rejected the bot's
   * token.
   */
  readonly isOfBot: boolean;
  /**
   * Returns the time from which the call may be made. Checked last, because the call may have
   * waited in the REST client's own queue.
   */
  readonly openFrom: () => number;
  /** Size limit of the body. The rest of a longer body is not read. */
  readonly mostBytes: number;
  /** Records the response's limits and returns the response, possibly with a corrected wait. */
  readonly learn: (answer: Answer) => Answer;
}

interface TransportDeps {
  readonly userAgent: string;
  readonly clock: () => number;
  /** Called as soon as the status is known, before the REST client acts on it. */
  readonly onStatus: (answer: InvalidAnswer) => void;
  /** The bot's token was rejected; called before the REST client drops it. */
  readonly onRefused: () => void;
}

/**
 * Sends the requests of the REST client. The client queues the calls of a bucket but hides details
 * that this service needs: it treats a redirect as a success, loses the status of a 4xx with a
 * broken body, and stops its timer before the body is read.
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
        // Reading the body failed, but the 401 alone shows that the token was rejected.
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
 * Sends every request to Discord, for bots and for OAuth2. Does not follow redirects, which would
 * carry a token or a secret to whatever host the response names, and reads at most `mostBytes` of
 * the body. The deadline is the signal in `init`. Allowed hosts are checked when a client is saved
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
  // The REST client sets its own User-Agent and only allows appending to it. It passes the headers
  // as a plain object.
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
  // Read the clock after calling `openFrom`. For an open bucket `openFrom` may return the current
  // time, and an earlier clock reading would be behind that.
  trace.isSent = until <= clock();
  if (trace.isSent) return;
  trace.closedUntil = until;
  throw new Error('the call may not be sent yet');
}

/** The response with its body already read. */
function readable(response: ResponseLike, answer: Answer, isBotRefused: boolean): ResponseLike {
  const { body, status } = answer;
  return {
    body: null,
    bodyUsed: true,
    headers: untimed(response.headers),
    ok: response.ok,
    // At a 401 the REST client would drop the bot's token, although Discord may have rejected a
    // person's token, or a proxy may have responded. So it gets a 403 instead.
    status: status === 401 && !isBotRefused ? 403 : status,
    statusText: response.statusText,
    arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
    json: () => Promise.resolve(body ?? {}),
    text: () => Promise.resolve(''),
  };
}

/**
 * Removes the headers that say how long to wait. The REST client measures waits by the machine's
 * clock, so setting that clock back would prolong them. It still learns the bucket names. Our gate
 * and ledger apply the waits, by our own clock.
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
 * Returns null if the body is longer than `mostBytes`. Leaving the loop destroys the stream and its
 * socket, so the rest is never received.
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
  /** Aborts all calls in progress, and every later call as soon as it begins. */
  stop(): void;
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Restarts the timer: waiting for a turn and the call itself each have the full time. */
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
