import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import type { DiscordMembers, WriteOutlookOf } from '../reconcile/ports.js';
import {
  type BotReadings,
  createAccountReading,
  createBotReadings,
  type IsBotAccount,
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

/** What the path, the sweeps and the doctor ask of Discord. */
export interface DiscordGateway extends DiscordMembers, MemberList, BotReadings, Part {
  readonly writeOutlook: WriteOutlookOf;
  readonly isBotAccount: IsBotAccount;
  /**
   * Calls back when what keeps a client waiting begins, changes or ends. Gives the way to stop
   * listening.
   */
  onPause(listener: OnPause): () => void;
  /**
   * Re-reads the client's credentials at its next call, which is tried despite rejected tokens and
   * pauses.
   */
  forgetCredentials(clientId: ClientId): void;
  /** Clients with an active pause in this process. */
  pausedClients(): readonly ClientId[];
}

export interface DiscordGatewayDeps {
  /** Asked once for each revision of a client. */
  readonly credentials: (clientId: ClientId) => Promise<DiscordCredentials>;
  readonly budget: InvalidBudget;
  readonly logger: Logger;
  readonly clock: () => number;
  /** From 0 to 1; spreads pauses whose length Discord does not name. */
  readonly random: () => number;
  /** As Discord asks for it: `DiscordBot (url, version)`. */
  readonly userAgent: { readonly url: string; readonly version: string };
  /** For waiting for a turn and for the call itself, each. */
  readonly timeoutMs?: number;
  /**
   * Of one bot in this process: divide 50 by the number of processes. A tenth of them is kept for
   * joins.
   */
  readonly globalRequestsPerSecond?: number;
  /** Margin on every window; scale it down with a scaled-down sandbox. */
  readonly offsetMs?: number;
  /**
   * The last call of a bucket is reserved for urgent calls while the bucket would otherwise stay
   * closed for longer than this. Scaled like the margin.
   */
  readonly reserveMs?: number;
  readonly onCall?: (call: ObservedCall) => void;
  readonly onWait?: (wait: ObservedWait) => void;
  readonly onInvalidAnswer?: (answer: { readonly status: number }) => void;
}

/**
 * The Discord client over REST. In: members and guilds by their ids. Out: Discord's response, or
 * one of the errors of lib/errors.ts. Never: a call made twice, a call with a rejected token, or a
 * token in an error or a log line.
 */
export function createDiscordGateway(deps: DiscordGatewayDeps): DiscordGateway {
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
    isBotAccount: createAccountReading(perform),
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
