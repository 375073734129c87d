import { RefusedTokenError } from '../../lib/errors.js';
import type { DiscordUserId } from '../../model.js';
import type { GatewayInformation } from '../rest/bot-readings.js';
import { LIVE_TIMING, type LiveSessionDeps, type LiveTiming } from './live-session-deps.js';
import { type FinalVerdict, refusedToken, runShard } from './shard.js';
import { Waits } from './waits.js';

/** A bot's session at the gateway, with all its shards. It can be started once. */
export interface LiveSession {
  start(): void;
  /**
   * Ends the session so that another process can resume it. Resolves when no callback will be called
   * any more.
   */
  stop(): Promise<void>;
}

/** How long what Discord said about the gateway is used. */
const FRESH_MS = 5000;

/**
 * Keeps a bot connected to Discord's gateway.
 * In: the bot's credentials and the stored positions. Out: events in order, gaps and states.
 * Never: a list of members in memory, a token in a log line, or an exception for anything Discord
 * sends.
 */
export function createLiveSession(deps: LiveSessionDeps): LiveSession {
  const stopping = new AbortController();
  const course = new SessionCourse({
    ...deps,
    timing: { ...LIVE_TIMING, ...deps.timing },
    signal: stopping.signal,
  });
  let running: Promise<void> = Promise.resolve();
  return {
    start() {
      running = course.run().catch((error: unknown) => {
        deps.logger.error({ err: error }, 'gateway session failed');
      });
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface CourseDeps extends LiveSessionDeps {
  readonly timing: LiveTiming;
  readonly signal: AbortSignal;
}

class SessionCourse {
  readonly #bot: { userId: DiscordUserId | null } = { userId: null };
  #information: { readonly at: number; readonly reading: Promise<GatewayInformation> } | null =
    null;
  readonly #waits: Waits;

  constructor(readonly deps: CourseDeps) {
    this.#waits = new Waits({ ...deps, show: (state) => deps.onState(state, null) });
  }

  async run(): Promise<void> {
    const { signal, onState } = this.deps;
    while (!signal.aborted) {
      onState({ kind: 'CONNECTING' }, null);
      const verdict = await this.#connect();
      if (verdict === null || signal.aborted) return;
      const { reason } = verdict;
      if (verdict.next === 'refused') return onState({ kind: 'REFUSED', reason }, null);
      const waitMs = this.deps.timing.refusedMs;
      const retryAt = new Date(this.deps.clock() + waitMs);
      onState({ kind: 'POLLING', reason, retryAt }, null);
      await this.#waits.pause(waitMs);
    }
  }

  /** Resolves to the reason to give up; null: the session was stopped. */
  async #connect(): Promise<FinalVerdict | null> {
    let tooFew: { readonly count: number; readonly verdict: FinalVerdict } | null = null;
    while (!this.deps.signal.aborted) {
      try {
        const { shards: count } = await this.#waits.unlessStopped(this.#fresh());
        if (tooFew && count <= tooFew.count) return tooFew.verdict;
        const verdict = await this.#runShards(count);
        if (verdict?.next !== 'moreShards') return verdict;
        tooFew = { count, verdict };
        this.#information = null;
      } catch (error) {
        if (this.deps.signal.aborted) return null;
        if (error instanceof RefusedTokenError) return refusedToken(error);
        this.deps.logger.warn({ ...this.#names(), err: error }, 'gateway address not read');
        await this.#waits.recover(error);
      }
    }
    return null;
  }

  /** Runs until one shard gives up; what that shard was refused, the others would be refused too. */
  async #runShards(shardCount: number): Promise<FinalVerdict | null> {
    this.#waits.failures = 0;
    const ending = new AbortController();
    const runs = Array.from({ length: shardCount }, async (_, shardId) => {
      const verdict = await runShard({
        ...this.deps,
        shard: { shardId, shardCount },
        // Each has its own signal, so that no signal has many listeners.
        signal: AbortSignal.any([this.deps.signal, ending.signal]),
        information: () => this.#fresh(),
        bot: this.#bot,
      });
      ending.abort();
      return verdict;
    });
    const verdicts = await Promise.all(runs);
    return verdicts.find((verdict) => verdict !== null) ?? null;
  }

  /** Reads the gateway's address; shards that ask at the same time share one call. */
  #fresh(): Promise<GatewayInformation> {
    const { clock, readGatewayInformation } = this.deps;
    const known = this.#information;
    if (known && clock() - known.at < FRESH_MS) return known.reading;
    const reading = readGatewayInformation();
    const information = { at: clock(), reading };
    this.#information = information;
    reading.catch(() => {
      if (this.#information === information) this.#information = null;
    });
    return reading;
  }

  #names() {
    return { applicationId: this.deps.credentials.applicationId };
  }
}
