import { allowInsecureRequests, customFetch, type CustomFetchOptions } from 'oauth4webapi';

import { RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import { type Answer, type Pause, pauseAfter } from '../rest/answer.js';
import { sendRequest } from '../rest/transport.js';
import type { InvalidBudget } from '../limits/invalid-budget.js';
import type { OAuthCall } from './calls.js';
import { judgeAnswer, judgeSilence } from './errors.js';
import { SINGLE_BYTES } from '../rest/calls.js';

export interface Wire {
  /**
   * `run` makes one call with these options, and gives what it reads of the answer, which was
   * accepted by then.
   */
  perform<T>(call: OAuthCall, run: (options: WireOptions) => Promise<T>): Promise<T>;
}

type Send = (
  url: string,
  init: CustomFetchOptions<string, URLSearchParams | undefined>,
) => Promise<Response>;

interface WireOptions {
  // The library names a type for each of its calls; this fits them all.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [customFetch]: (url: string, init: any) => Promise<Response>;
  readonly [allowInsecureRequests]: boolean;
}

interface WireDeps {
  readonly clock: () => number;
  readonly budget: InvalidBudget;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly logger?: Logger;
  readonly onCall?: (call: ObservedOAuthCall) => void;
}

export interface ObservedOAuthCall {
  readonly kind: OAuthCall['kind'];
  readonly status: number | null;
  readonly durationMs: number;
}

/**
 * Sits under the library, as it bounds neither time nor length, and its errors carry what was sent
 * and answered.
 */
export function createWire(deps: WireDeps): Wire {
  /** Where a host asks to be left alone, for whatever reason. */
  const pauses = new Map<string, number>();

  const judge = (call: OAuthCall, answer: Answer) => {
    const pause = pauseOf(answer, deps.clock());
    const { host } = new URL(call.url);
    if (pause?.reach === 'bot') pauses.set(host, pause.until);
    return judgeAnswer(call, answer, pause);
  };

  const senderOf =
    (call: OAuthCall): Send =>
    async (url, init) => {
      const { answer, text } = await exchange(deps, call, { url, init });
      if (!call.accepts(answer)) throw judge(call, answer);
      const body = answer.status === 204 ? null : text;
      const headers = { 'content-type': 'application/json' };
      return new Response(body, { status: answer.status, headers });
    };

  return {
    async perform(call, run) {
      refuseEarly(deps, call, pauses.get(new URL(call.url).host));
      try {
        return await run({
          [customFetch]: senderOf(call),
          // The sandbox Discord has no certificate; allowed hosts are decided when a client is
          // created.
          [allowInsecureRequests]: call.url.startsWith('http:'),
        });
      } catch (error) {
        throw isOurs(error)
          ? error
          : new UnavailableError(
              `cannot ${call.doing}: the response differs from Discord's documentation`,
            );
      }
    },
  };
}

function isOurs(error: unknown): boolean {
  return (
    error instanceof TerminalError ||
    error instanceof RetryLaterError ||
    error instanceof UnavailableError
  );
}

function refuseEarly(
  { budget, clock }: WireDeps,
  { doing, spender }: OAuthCall,
  pausedUntil = 0,
): void {
  const block = budget.blockOf(spender);
  if (block !== null) throw new RetryLaterError(block.until, `cannot ${doing}: ${block.reason}`);
  if (pausedUntil <= clock()) return;
  throw new RetryLaterError(new Date(pausedUntil), `cannot ${doing}: Discord asked to wait`);
}

/** Nothing spreads these pauses: people come back one by one. */
function pauseOf(answer: Answer, now: number): Pause | null {
  const { status, code } = answer;
  const mayName = status === 429 || (status < 500 && typeof code === 'number');
  return mayName ? pauseAfter({ answer, now, random: 0, offsetMs: 0 }) : null;
}

/** Nothing of their answer is used. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

async function exchange(
  deps: WireDeps,
  call: OAuthCall,
  { url, init }: { readonly url: string; readonly init: Parameters<Send>[1] },
): Promise<{ readonly answer: Answer; readonly text: string }> {
  const { budget, clock, logger, timeoutMs, userAgent } = deps;
  const startedAt = clock();
  const signal = AbortSignal.timeout(timeoutMs);
  const { method, body, headers } = init;
  let status: number | null = null;
  try {
    const { raw, text } = await sendRequest(
      url,
      { method, headers, signal, ...(body && { body }) },
      {
        userAgent,
        clock,
        mostBytes: SINGLE_BYTES,
        onStatus: (seen) => {
          status = REDIRECTS.includes(seen.status) ? null : seen.status;
          budget.note({ ...seen, spender: call.spender });
        },
      },
    );
    if (REDIRECTS.includes(raw.status)) throw new Error('redirected');
    return { answer: raw, text: text ?? '' };
  } catch (error) {
    throw judgeSilence(call, { hasTimedOut: signal.aborted, error });
  } finally {
    const { kind, applicationId } = call;
    const durationMs = clock() - startedAt;
    const fields = { applicationId, kind, status, durationMs };
    logger?.debug(fields, 'discord oauth call');
    deps.onCall?.({ kind, status, durationMs });
  }
}
