import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import type { DiscordMembers } from '../reconcile/ports.js';
import {
  type BotReadings,
  createAccountReading,
  createBotReadings,
  type ReadAccount,
} from './rest/bot-readings.js';
import { createBot, createBots, type DiscordCredentials } from './rest/bots.js';
import { createCaller } from './rest/caller.js';
import { createGuildPresence, createSenderDoubt } from './rest/judge.js';
import type { InvalidBudget } from './limits/invalid-budget.js';
import { createMemberCalls, createMemberList, type MemberList } from './rest/members.js';
import { createRoleReading } from './rest/role-reading.js';
import { createSendingPauses, type OnPause, type SendingPauses } from './limits/sending-pauses.js';
import { createWriteOutlook } from './limits/pacing.js';
import type { ObservedCall, ObservedWait } from './rest/calls.js';
import type { WriteOutlookOf } from '../reconcile/write/ports.js';

/** The Discord calls for reconcile runs, sweeps, linking and the setup checks in doctor/. */
export interface DiscordRest extends DiscordMembers, MemberList, BotReadings, Part {
  readonly writeOutlook: WriteOutlookOf;
  readonly readAccount: ReadAccount;
  /**
   * Calls `listener` when a client's pause begins, changes or ends. Returns an unsubscribe
   * function.
   */
  onPause(listener: OnPause): () => void;
  /**
   * Reloads the client's credentials at its next call, and tries that call even if the token was
   * rejected or a pause is active.
   */
  forgetCredentials(clientId: ClientId): void;
  /** Clients with an active pause in this process. */
  pausedClients(): readonly ClientId[];
}

export interface DiscordRestDeps {
  /**
   * Loads a client's credentials. Called once per revision, and again after `forgetCredentials`.
   */
  readonly credentials: (clientId: ClientId) => Promise<DiscordCredentials>;
  readonly budget: InvalidBudget;
  readonly logger: Logger;
  readonly clock: () => number;
  /**
   * Returns a number from 0 to 1. Randomizes the length of pauses for which Discord states no time.
   */
  readonly random: () => number;
  /** Discord requires the form `DiscordBot (url, version)`. */
  readonly userAgent: { readonly url: string; readonly version: string };
  /**
   * Time limit for waiting for the call's turn in its bucket, and again for the call itself.
   * Default: 4,000.
   */
  readonly timeoutMs?: number;
  /**
   * Calls per second of one bot over all routes. Default: 50, Discord's limit. A tenth is reserved
   * for adding people to the guild (joins).
   */
  readonly globalRequestsPerSecond?: number;
  /**
   * Every wait that Discord states is extended by twice this margin. A sandbox with scaled-down
   * limits needs a smaller value. Default: 50.
   */
  readonly offsetMs?: number;
  /**
   * A bucket's last call is reserved for urgent calls if the bucket resets later than this. A
   * sandbox with scaled-down limits needs a smaller value. Default: 4,000.
   */
  readonly reserveMs?: number;
  readonly onCall?: (call: ObservedCall) => void;
  readonly onWait?: (wait: ObservedWait) => void;
  readonly onInvalidAnswer?: (answer: { readonly status: number }) => void;
}

/**
 * Calls Discord's REST API.
 * In: member and guild ids. Out: Discord's response, or one of the errors in lib/errors.ts.
 * Never: a repeated call, a call with a rejected token, or a token in an error or a log line.
 */
export function createDiscordRest(deps: DiscordRestDeps): DiscordRest {
  const { timeoutMs = 4000, offsetMs = 50, reserveMs = 4000, budget } = deps;
  const pauses = createSendingPauses(deps);
  const bots = createBots({
    credentials: deps.credentials,
    openBot: (address, limits) =>
      createBot(
        address,
        {
          clock: deps.clock,
          userAgent: `DiscordBot (${deps.userAgent.url}, ${deps.userAgent.version})`,
          timeoutMs,
          offsetMs,
          reserveMs,
          pauses,
          globalRequestsPerSecond: deps.globalRequestsPerSecond ?? 50,
          onStatus: (answer) => {
            if (budget.note(answer)) deps.onInvalidAnswer?.(answer);
          },
        },
        limits,
      ),
  });
  const caller = createCaller({ ...deps, botFor: bots.botFor, pauses, timeoutMs, offsetMs });
  const perform = createGuildPresence(createSenderDoubt(caller.perform));
  const readings = createBotReadings(perform);

  return {
    ...readings,
    ...createMemberCalls(perform),
    ...createMemberList(perform),
    readAccount: createAccountReading(perform),
    readRoles: createRoleReading({ ...readings, botFor: bots.botFor }),
    writeOutlook: createWriteOutlook({ seen: caller.seen, clock: deps.clock }),
    forgetCredentials: bots.forget,
    pausedClients: () => pauses.pausedClients(),
    onPause: (listener) => pauses.listen(listener),
    name: 'discord',
    start: () => Promise.resolve(),
    async stop() {
      await caller.stop();
      bots.closeAll();
    },
    ready: () => readiness(budget, pauses),
  };
}

function readiness(budget: InvalidBudget, pauses: SendingPauses): ReturnType<Part['ready']> {
  const { blockedUntil } = budget.state();
  if (blockedUntil !== null) {
    const until = blockedUntil.toISOString();
    return { ok: false, reason: `no calls to Discord until ${until}` };
  }
  const [longest, ...others] = pauses.current();
  if (longest === undefined) return { ok: true };
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const { cause, until } = longest;
  const reason = `calls to Discord wait until ${until.toISOString()}${more}: ${cause}`;
  return { ok: false, reason };
}
