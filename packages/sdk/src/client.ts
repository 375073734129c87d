import { readAnswer } from './answer.js';
import { ConnectorError } from './errors.js';
import { operations, type Operations } from './generated/operations.js';

export type * from './generated/operations.js';
export { ConnectorError, type ConnectorErrorCode } from './errors.js';

export interface ConnectorOptions {
  /** `https://connector.example/graphql` */
  readonly endpoint: string;
  /** An API key or a token, or a function that returns one and is called before every request. */
  readonly token: string | (() => string | Promise<string>);
  /** Timeout of one attempt; default 10 s. A reconcile alone may take 5 s. */
  readonly timeoutMs?: number;
  /**
   * Retries of a read when the connector is unreachable; default 3. Writes without an idempotency
   * key are sent once.
   */
  readonly retries?: number;
  /** Pause before the first retry; default 200 ms. It doubles with each retry. */
  readonly backoffMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  /** Cancels the call, which throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /**
   * Makes a write safe to repeat: for 24 hours the same key returns the first answer, and the write
   * is carried out once. Up to 255 printable ASCII characters; use a new key for each intended
   * change. The client retries writes with a key, as it retries reads.
   */
  readonly idempotencyKey?: string;
}

/** Operations without required variables may be called without arguments. */
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
 * With an idempotency key, a conflict with a retry time is temporary too: the first attempt is
 * still running.
 */
const isPassing = ({ code, retryAt }: ConnectorError, { idempotencyKey }: CallOptions) =>
  PASSING.includes(code) ||
  (code === 'CONFLICT' && retryAt !== undefined && idempotencyKey !== undefined);

/**
 * Used only for reads and for writes with an idempotency key. Without a key, a write that failed
 * may still have been carried out, and a retry could repeat it.
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
      // Half of the pause is random, so that many callers do not retry at the same time.
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
    // No redirects: the token is sent to this address only.
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
  throw new ConnectorError('the idempotency key must be 1 to 255 printable ASCII characters', {
    code: 'BAD_USER_INPUT',
  });
}

/** Checked here, because fetch's own error for an invalid header would contain the token. */
async function tokenOf({ token }: ConnectorOptions): Promise<string> {
  const given = typeof token === 'string' ? token : await token();
  if (/^[\x21-\x7e]+$/.test(given)) return given;
  throw new ConnectorError(
    'the token is empty or contains characters that are not allowed in a header',
    {
      code: 'UNAUTHENTICATED',
    },
  );
}
