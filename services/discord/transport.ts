import { AsyncLocalStorage } from 'node:async_hooks';

import {
  DefaultRestOptions,
  type ResponseLike,
  type RESTOptions,
} from '@discordjs/rest';

import { readAnswer, type Answer } from './answer.js';
import { refusesBot } from './errors.js';

/** What came of one call, as seen on the wire and not as the REST client tells it. */
export interface Exchange {
  /** False: the REST client refused it before anything was sent. */
  readonly isSent: boolean;
  readonly answer: Answer | null;
  readonly error: unknown;
}

export interface Transport {
  /** For the REST client: it sends through here. */
  readonly makeRequest: RESTOptions['makeRequest'];
  /** Runs a call of the REST client. `learn` sees its answer first and says how it is to be read. Never rejects. */
  readonly follow: (
    run: () => Promise<unknown>,
    learn?: Learn,
  ) => Promise<Exchange>;
}

type Learn = (answer: Answer) => Answer;

export interface TransportDeps {
  readonly userAgent: string;
  readonly clock: () => number;
  /** As soon as the status is known, before the REST client acts on it. */
  readonly onStatus: (answer: {
    readonly status: number;
    readonly scope: string | null;
  }) => void;
  /** The bot's token is refused; told before the REST client drops it. */
  readonly onRefused: () => void;
}

/**
 * Sits under the REST client, which keeps the buckets but hides what this service must know: it takes a redirect for a
 * success, loses the status of a 4xx with a broken body, and stops its timer before the body is read.
 */
export function createTransport(deps: TransportDeps): Transport {
  const following = new AsyncLocalStorage<Trace>();

  return {
    async makeRequest(url, init) {
      const trace = following.getStore();
      if (trace) trace.isSent = true;
      // The REST client sets its own and takes an appendix only. It hands over a plain object.
      const headers = new Headers(Object.entries(init.headers ?? {}));
      headers.set('User-Agent', deps.userAgent);
      const response = await DefaultRestOptions.makeRequest(url, {
        ...init,
        headers: Object.fromEntries(headers),
      });

      const { status } = response;
      const header = (name: string) => response.headers.get(name);
      deps.onStatus({ status, scope: header('x-ratelimit-scope') });
      const text = await response.text().catch((error: unknown) => {
        if (status === 401) deps.onRefused();
        throw error;
      });
      const raw = readAnswer({ status, header, text, now: deps.clock() });
      const answer = trace?.learn(raw) ?? raw;
      if (refusesBot(answer)) deps.onRefused();
      if (trace) trace.answer = answer;
      return readable(response, answer);
    },

    async follow(run, learn = (answer) => answer) {
      const trace: Trace = { isSent: false, answer: null, learn };
      const error = await following.run(trace, run).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      const { isSent, answer } = trace;
      return { isSent, answer, error };
    },
  };
}

interface Trace {
  isSent: boolean;
  answer: Answer | null;
  readonly learn: Learn;
}

/** The response with its body already read: the REST client still learns the limits from its headers. */
function readable(response: ResponseLike, answer: Answer): ResponseLike {
  const { body, status } = answer;
  return {
    body: null,
    bodyUsed: true,
    headers: headersOf(response, answer),
    ok: response.ok,
    // At a 401 the REST client would drop the bot's token, though it is a person's that is refused.
    status: status === 401 && !refusesBot(answer) ? 403 : status,
    statusText: response.statusText,
    arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
    json: () => Promise.resolve(body ?? {}),
    text: () => Promise.resolve(''),
  };
}

/** What it was told of the bucket, the REST client holds against the next call: it must know no less than we do. */
function headersOf(
  response: ResponseLike,
  { limits: { resetAfterMs } }: Answer,
): ResponseLike['headers'] {
  if (resetAfterMs === null) return response.headers;
  const headers = new Headers([...response.headers]);
  headers.set('x-ratelimit-reset-after', String(resetAfterMs / 1000));
  return headers;
}
