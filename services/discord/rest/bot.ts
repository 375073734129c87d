import { REST } from '@discordjs/rest';

import { TerminalError } from '../../lib/errors.js';
import type { ClientId } from '../../model.js';
import { SINGLE_BYTES } from './bounded-text.js';
import { createBotPause, type BotPause } from '../limits/bot-pause.js';
import { bucketName, bucketUse } from '../limits/bucket-use.js';
import type { Call } from './calls.js';
import { splitApiBase } from './endpoints.js';
import { createBucketGate, type BucketGate } from '../limits/gate.js';
import { createGlobalBudget, type GlobalBudget } from '../limits/global-budget.js';
import type { InvalidAnswer } from '../limits/invalid-budget.js';
import { createLedger, type Ledger } from '../limits/ledger.js';
import type { SendingPauses } from '../limits/sending-pauses.js';
import { createTransport, type Exchange } from './transport.js';

/** Rate limits that Discord reported for a token. */
export interface BotLimits {
  readonly gate: BucketGate;
  readonly ledger: Ledger;
  readonly globalBudget: GlobalBudget;
  readonly pause: BotPause;
}

/** One bot at one API: its rate limits are counted together, whichever clients use it. */
export interface Bot extends BotLimits {
  readonly token: string;
  /** Its token was answered with 401: it sends nothing any more. */
  isRefused(): boolean;
  /** Ends its pauses, for one call: a person has asked for it, or the client has changed. */
  tryNow(): void;
  send(call: Call, by: SentBy): Promise<Exchange>;
  close(): void;
}

export interface SentBy {
  readonly signal: AbortSignal;
  /** The client whose budget of invalid answers pays. */
  readonly spender: ClientId;
}

export interface BotDeps {
  readonly clock: () => number;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly globalRequestsPerSecond: number;
  readonly offsetMs: number;
  readonly reserveMs: number;
  readonly pauses: SendingPauses;
  readonly onStatus: (answer: InvalidAnswer) => void;
}

/** `limits`: of the one before it with the same token, which Discord goes on counting. */
export function createBot(
  { apiBase, token }: { readonly apiBase: string; readonly token: string },
  deps: BotDeps,
  limits: BotLimits = createLimits(deps),
): Bot {
  let isRefused = false;
  const transport = createTransport({
    userAgent: deps.userAgent,
    clock: deps.clock,
    onStatus: deps.onStatus,
    // Before the REST client drops its token: a call in between would fail with an unhelpful error.
    onRefused: () => {
      isRefused = true;
    },
  });
  const rest = new REST({
    ...addressOf(apiBase),
    // A second try is a second call: the job table decides on it, with its lease and its record.
    retries: 0,
    rejectOnRateLimit: () => true,
    timeout: deps.timeoutMs,
    // Its own counter knows no reserve, and would refuse first: the bot's is asked before.
    globalRequestsPerSecond: Infinity,
    makeRequest: transport.makeRequest,
  }).setToken(token);

  const { gate, ledger, globalBudget, pause } = limits;
  return {
    token,
    gate,
    ledger,
    globalBudget,
    pause,
    isRefused: () => isRefused,
    tryNow() {
      pause.tryNow();
      ledger.forgetLong();
    },
    send(call, { signal, spender }) {
      const use = bucketUse(call);
      const run = () =>
        rest.request({
          method: call.method,
          fullRoute: call.path,
          body: call.body,
          ...(call.query && { query: call.query }),
          reason: call.reason,
          signal,
        });
      return transport.follow(run, {
        spender,
        isOfBot: call.isOfBot ?? false,
        openFrom: () => Math.max(gate.openFrom(bucketName(use)), ledger.freeFrom(use, 1)),
        mostBytes: call.mostBytes ?? SINGLE_BYTES,
        learn: (answer) => ledger.learn(use, answer),
      });
    },
    close() {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    },
  };
}

function createLimits(deps: BotDeps): BotLimits {
  const gate = createBucketGate(deps);
  return {
    gate,
    pause: createBotPause({ ...deps, gate }),
    ledger: createLedger({
      clock: deps.clock,
      // As every pause has it.
      marginMs: 2 * deps.offsetMs,
      reserveMs: deps.reserveMs,
    }),
    globalBudget: createGlobalBudget({
      clock: deps.clock,
      perSecond: deps.globalRequestsPerSecond,
    }),
  };
}

function addressOf(apiBase: string) {
  const address = splitApiBase(apiBase);
  if (address) return address;
  throw new TerminalError(
    'REFUSED',
    `cannot call Discord: ${apiBase} does not end with the API version`,
  );
}
