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
  /** Runs a call of the REST client. Never rejects. */
  readonly follow: (run: () => Promise<unknown>) => Promise<Exchange>;
}

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
      const answer = readAnswer({ status, header, text, now: deps.clock() });
      if (refusesBot(answer)) deps.onRefused();
      if (trace) trace.answer = answer;
      return readable(response, answer);
    },

    async follow(run) {
      const trace: Trace = { isSent: false, answer: null };
      const error = await following.run(trace, run).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      return { ...trace, error };
    },
  };
}

interface Trace {
  isSent: boolean;
  answer: Answer | null;
}

/** The response with its body already read: the REST client still learns the limits from its headers. */
function readable(response: ResponseLike, answer: Answer): ResponseLike {
  const { body, status } = answer;
  return {
    body: null,
    bodyUsed: true,
    headers: response.headers,
    ok: response.ok,
    // At a 401 the REST client would drop the bot's token, though it is a person's that is refused.
    status: status === 401 && !refusesBot(answer) ? 403 : status,
    statusText: response.statusText,
    arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
    json: () => Promise.resolve(body ?? {}),
    text: () => Promise.resolve(''),
  };
}
