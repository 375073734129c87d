import { RefusedTokenError, UnavailableError } from '../../lib/errors.js';
import type { DiscordUserId } from '../../model.js';
import type { GatewayInformation } from '../rest/bot-readings.js';
import { openConnection, type GatewayConnection } from './connection.js';
import { type ConnectionEnd, type EndVerdict, judgeEnd } from './connection-ends.js';
import { readSocketUrl, type SessionFrame } from './frames.js';
import type { LiveSessionDeps, LiveTiming, ShardRef } from './live-session-deps.js';
import type { SessionPosition } from './ports.js';
import { readEvent } from './read-event.js';
import { judgeSequence } from './sequence.js';
import { Waits } from './waits.js';

export interface ShardDeps extends LiveSessionDeps {
  readonly shard: ShardRef;
  readonly timing: LiveTiming;
  readonly signal: AbortSignal;
  /** At most a few seconds old. */
  readonly information: () => Promise<GatewayInformation>;
  /** Shared by all shards of the bot; null until READY or a reading names it. */
  readonly bot: { userId: DiscordUserId | null };
}

/** Why a shard gave up. It concerns all shards of the bot. */
export type FinalVerdict = EndVerdict & { readonly next: Exclude<EndVerdict['next'], 'again'> };

/**
 * Keeps one shard connected.
 * In: the stored position. Out: events, positions, gaps and states.
 * Never: an identify without `takeStart`, or connections in quick succession without a wait.
 * Resolves to null when `signal` is aborted, else to the reason to give up.
 */
export function runShard(deps: ShardDeps): Promise<FinalVerdict | null> {
  return new ShardCourse(deps).run();
}

/** After so many resumes in a row that bring nothing, the session is given up. */
const MOST_FRUITLESS = 4;
/** After so many failures, the general address is used instead of the session's own. */
const RESUME_URL_TRIES = 3;
/** Where the waits continue after Discord asked for fewer messages. */
const SLOW_FROM = 4;

class ShardCourse {
  #position: SessionPosition | null = null;
  #isRestored = false;
  #fruitless = 0;
  #triedAfter: number | null = null;
  #hasHole = false;
  /** When the current connection began to carry the session; null: it does not yet. */
  #begunAt: number | null = null;
  /** A start was taken, and has not been used yet. */
  #hasStart = false;
  #whyNew = 'no earlier session is stored';
  #connection: GatewayConnection | null = null;

  readonly #waits: Waits;

  constructor(readonly deps: ShardDeps) {
    const { shard, onState } = deps;
    this.#waits = new Waits({ ...deps, show: (state) => onState(state, shard) });
  }

  async run(): Promise<FinalVerdict | null> {
    const { onState, shard, signal } = this.deps;
    while (!signal.aborted) {
      try {
        const verdict = await this.#connect();
        if (verdict === null) break;
        const { next, reason } = verdict;
        if (next !== 'again') return { ...verdict, next };
        onState({ kind: 'LOST', reason }, shard);
        await this.#waits.pause(this.#waitAfter(verdict));
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof RefusedTokenError) return refusedToken(error);
        this.deps.logger.warn({ ...this.#names(), err: error }, 'gateway connection failed');
        await this.#waits.recover(error);
      }
    }
    return null;
  }

  /** Resolves to the reason why the connection ended; null: the shard was stopped. */
  async #connect(): Promise<EndVerdict | null> {
    const { signal, credentials, clock, shard } = this.deps;
    await this.#restore();
    const url = await this.#url();
    if (!this.#position) await this.#takeStart();
    if (signal.aborted) return null;
    const before = this.#position;
    this.#begunAt = null;
    const connection = openConnection({
      ...shard,
      url,
      clock,
      botToken: credentials.botToken,
      position: () => this.#position,
      onFrame: (frame) => this.#receive(frame),
      onHeartbeat: (latencyMs) => this.deps.onHeartbeat({ ...shard, latencyMs }),
      onUnreadable: (reason) =>
        this.deps.logger.warn({ ...this.#names(), reason }, 'gateway message ignored'),
    });
    this.#connection = connection;
    const stop = () => void connection.end({ kind: 'stopped' });
    signal.addEventListener('abort', stop, { once: true });
    const end = await connection.ended;
    signal.removeEventListener('abort', stop);
    if (end.kind === 'stopped') {
      await connection.end(end);
      return null;
    }
    return this.#judge(end, { before, wasReached: connection.wasReached() });
  }

  async #judge(
    end: ConnectionEnd,
    {
      before,
      wasReached,
    }: { readonly before: SessionPosition | null; readonly wasReached: boolean },
  ): Promise<EndVerdict> {
    const verdict = judgeEnd(end);
    const lastedMs = this.#begunAt === null ? 0 : this.deps.clock() - this.#begunAt;
    this.#waits.failures = lastedMs >= this.deps.timing.steadyMs ? 0 : this.#waits.failures + 1;
    if (verdict.isSlow) this.#waits.failures = Math.max(this.#waits.failures, SLOW_FROM);
    if (before === null && wasReached) this.#hasStart = false;
    const isFruitless = before !== null && wasReached && this.#position === before;
    this.#fruitless = isFruitless ? this.#fruitless + 1 : 0;
    this.deps.logger.debug(
      { ...this.#names(), reason: verdict.reason, lastedMs, failures: this.#waits.failures },
      'gateway connection ended',
    );
    if (!verdict.keepsSession) await this.#discard(verdict.reason);
    else if (this.#fruitless >= MOST_FRUITLESS) await this.#discard('the session did not go on');
    return verdict;
  }

  #receive(frame: SessionFrame): void {
    if (frame.kind === 'ready') return this.#begin(frame);
    const { sequence } = frame;
    if (!this.#advance(sequence) || !this.#position) return;
    if (frame.kind === 'resumed') {
      this.#begunAt = this.deps.clock();
      this.deps.onPosition(this.#position);
      return this.#ready(true);
    }
    const reading = readEvent(frame.dispatch, this.deps.bot.userId ?? '');
    if (reading.kind === 'event') return this.deps.onEvent(reading.event, this.#position);
    if (reading.kind === 'unreadable') this.deps.onUnreadable(reading);
    this.deps.onPosition(this.#position);
  }

  #begin(frame: Extract<SessionFrame, { readonly kind: 'ready' }>): void {
    const { shard, bot, clock } = this.deps;
    const { sessionId, resumeUrl, sequence, botUserId } = frame;
    bot.userId = botUserId;
    this.#position = { ...shard, sessionId, resumeUrl, sequence };
    this.#triedAfter = null;
    this.#hasHole = false;
    this.#begunAt = clock();
    this.deps.onGap({ ...shard, reason: `a new session began: ${this.#whyNew}` });
    this.deps.onPosition(this.#position);
    this.#ready(false);
  }

  #ready(isResumed: boolean): void {
    this.deps.onState({ kind: 'READY', isResumed }, this.deps.shard);
  }

  /** Returns false if the event must be ignored. */
  #advance(sequence: number): boolean {
    const position = this.#position;
    if (!position) return false;
    const last = position.sequence;
    const verdict = judgeSequence(sequence, {
      last,
      triedAfter: this.#triedAfter,
      hasHole: this.#hasHole,
    });
    switch (verdict) {
      case 'repeated':
        return false;
      case 'hole':
        this.#triedAfter = last;
        this.#end({ kind: 'hole' });
        return false;
      case 'broken':
        this.#end({ kind: 'broken' });
        return false;
      case 'lost':
        this.#hasHole = true;
        this.deps.onGap({
          ...this.deps.shard,
          reason: `Discord skipped events ${last + 1} to ${sequence - 1}`,
        });
        break;
      case 'next':
    }
    this.#position = { ...position, sequence };
    return true;
  }

  #end(why: ConnectionEnd): void {
    void this.#connection?.end(why);
  }

  /** Reads the stored position once. One of another number of shards is of no use. */
  async #restore(): Promise<void> {
    if (this.#isRestored) return;
    const { memory, credentials, shard, bot, readBotUserId } = this.deps;
    const reading = memory.readPosition(credentials.applicationId, shard.shardId);
    const stored = await this.#waits.unlessStopped(reading);
    if (stored && stored.shardCount === shard.shardCount) {
      bot.userId ??= await this.#waits.unlessStopped(readBotUserId());
      this.#position = stored;
    } else if (stored) {
      this.#whyNew = 'the number of shards changed';
    }
    this.#isRestored = true;
  }

  async #discard(reason: string): Promise<void> {
    const { memory, credentials, shard } = this.deps;
    this.#position = null;
    this.#fruitless = 0;
    this.#whyNew = reason;
    const deletion = memory.savePosition(credentials.applicationId, shard.shardId, null);
    await this.#waits.unlessStopped(deletion);
  }

  /** The session's own address; after some failures the general one. */
  async #url(): Promise<string> {
    const { apiBase } = this.deps.credentials;
    const isTried = this.#waits.failures >= RESUME_URL_TRIES;
    const own = this.#position && !isTried ? this.#position.resumeUrl : null;
    const ownUrl = own === null ? null : readSocketUrl(own, apiBase);
    if (ownUrl !== null) return ownUrl;
    const { url } = await this.#waits.unlessStopped(this.deps.information());
    const general = readSocketUrl(url, apiBase);
    if (general !== null) return general;
    throw new UnavailableError('cannot connect: Discord named no usable address of its gateway');
  }

  /** Resolves when the shard may identify, or was stopped. */
  async #takeStart(): Promise<void> {
    const { memory, credentials, signal, information } = this.deps;
    while (!this.#hasStart && !signal.aborted) {
      const { startLimit } = await this.#waits.unlessStopped(information());
      const start = memory.takeStart(credentials.applicationId, startLimit);
      const waitMs = await this.#waits.unlessStopped(start);
      this.#hasStart = waitMs <= 0;
      if (this.#hasStart) return;
      await this.#waits.pauseFor(waitMs, 'Discord allows no more session starts');
    }
  }

  #waitAfter({ keepsSession }: EndVerdict): number {
    const { timing, random } = this.deps;
    const newSessionMs = keepsSession ? 0 : timing.newSessionMs * (1 + 4 * random());
    return Math.max(this.#waits.backoffMs(), newSessionMs);
  }

  #names() {
    const { credentials, shard } = this.deps;
    return { applicationId: credentials.applicationId, shardId: shard.shardId };
  }
}

/** The verdict of a call that the REST API refused. */
export function refusedToken(error: RefusedTokenError): FinalVerdict {
  return { next: 'refused', reason: error.message, keepsSession: true, isSlow: false };
}
