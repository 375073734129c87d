import { readAnswer } from './answer.js';
import { ConnectorError } from './errors.js';
import { operations, type Operations } from './generated/operations.js';

export type * from './generated/operations.js';
export { ConnectorError, type ConnectorErrorCode } from './errors.js';

export interface ConnectorOptions {
  /** `https://connector.example/graphql` */
  readonly endpoint: string;
  /** An API key or a token, or who has a fresh one: it is asked before every request. */
  readonly token: string | (() => string | Promise<string>);
  /** How long one try may take; 10 s when left out. A reconcile waits up to 5 s by itself. */
  readonly timeoutMs?: number;
  /**
   * How often a read is tried again when the connector cannot be reached; 3 when left out. Writes
   * are tried once.
   */
  readonly retries?: number;
  /** The pause before the first retry, doubled for each further one; 200 ms when left out. */
  readonly backoffMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  /** Gives up at once, with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /**
   * Makes a write safe to repeat: within 24 hours the same key returns the first answer, and
   * nothing is done twice. Up to 255 printable ASCII characters, a new key for each new intent. The
   * client retries writes with a key, as it retries reads.
   */
  readonly idempotencyKey?: string;
}

/** Operations without a variable that has to be given may be called with nothing. */
type Call<Takes, Answers> =
  Record<string, never> extends Takes
    ? (takes?: Takes, options?: CallOptions) => Promise<Answers>
    : (takes: Takes, options?: CallOptions) => Promise<Answers>;

/**
 * One method for each operation: queries take their variables, mutations their input. They throw
 * `ConnectorError`.
 */
export type Connector = {
  readonly [Name in keyof Operations]: Call<Operations[Name]['takes'], Operations[Name]['answers']>;
};

export function createConnector(options: ConnectorOptions): Connector {
  const calls = Object.entries(operations).map(([name, operation]) => [
    name,
    async (takes: unknown = {}, call: CallOptions = {}) => {
      const variables = operation.takesInput ? { input: takes } : takes;
      const query = operation.text;
      const ask = () => request(options, { query, variables }, call);
      const data =
        operation.kind === 'query' || call.idempotencyKey !== undefined
          ? await tryAgain(ask, options, call)
          : await ask();
      return data[operation.field];
    },
  ]);
  // The types are those of the schema that the operations were generated from.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(calls) as Connector;
}

const TIMEOUT_MS = 10_000;
const RETRIES = 3;
const BACKOFF_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const PASSING = ['UNAVAILABLE', 'RATE_LIMITED'];

/**
 * With a key, a conflict with a retry time passes too: the first attempt is still running.
 */
const isPassing = ({ code, retryAt }: ConnectorError, { idempotencyKey }: CallOptions) =>
  PASSING.includes(code) ||
  (code === 'CONFLICT' && retryAt !== undefined && idempotencyKey !== undefined);

/**
 * Only for reads and writes with a key: any other write without an answer may have been done.
 */
async function tryAgain<Data>(
  ask: () => Promise<Data>,
  { retries = RETRIES, backoffMs = BACKOFF_MS }: ConnectorOptions,
  call: CallOptions,
): Promise<Data> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ConnectorError) || tries >= retries) throw error;
      if (!isPassing(error, call)) throw error;
      // Half of it by chance, so that many callers do not come back at the same moment.
      const pauseMs = backoffMs * 2 ** tries * (0.5 + Math.random() / 2);
      const untilMs = (error.retryAt?.getTime() ?? 0) - Date.now();
      if (untilMs > LONGEST_PAUSE_MS) throw error;
      await pause(Math.min(Math.max(pauseMs, untilMs), LONGEST_PAUSE_MS), call.signal);
    }
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

async function request(
  options: ConnectorOptions,
  body: { readonly query: string; readonly variables: unknown },
  call: CallOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { endpoint, fetch = globalThis.fetch } = options;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${await tokenOf(options)}`,
    ...keyHeader(call),
  };
  const limit = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS);
  const signal = call.signal ? AbortSignal.any([call.signal, limit]) : limit;
  try {
    // The token goes to this address and to no other.
    const response = await fetch(endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      redirect: 'error',
      signal,
    });
    return await readAnswer(response);
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    call.signal?.throwIfAborted();
    throw new ConnectorError(
      limit.aborted ? 'the connector did not answer in time' : 'the connector cannot be reached',
      { code: 'UNAVAILABLE', cause },
    );
  }
}

function keyHeader({ idempotencyKey: key }: CallOptions) {
  if (key === undefined) return {};
  if (/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key))
    return { 'idempotency-key': key };
  throw new ConnectorError('the idempotency key is not 1 to 255 printable ASCII characters', {
    code: 'BAD_USER_INPUT',
  });
}

/** What fetch says of a token that no header may have would repeat the token. */
async function tokenOf({ token }: ConnectorOptions): Promise<string> {
  const given = typeof token === 'string' ? token : await token();
  if (/^[\x21-\x7e]+$/.test(given)) return given;
  throw new ConnectorError('the token is empty, or no header may have it', {
    code: 'UNAUTHENTICATED',
  });
}
