import type { Logger } from '../../lib/logger.js';
import type { ClientId, GuildId, MemberKey } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import { createEventBuffer, type EventBuffer, type TakenEvents } from './event-buffer.js';
import type { LiveSession } from './live-session.js';
import {
  type LiveSessionDeps,
  type LiveSessionState,
  type ShardRef,
  shardOf,
} from './live-session-deps.js';
import { createLiveStates, type LiveStates } from './live-states.js';
import type { NameHands } from './name-hands.js';
import { createPatience } from './patience.js';
import { createRolesFollower } from './roles-follower.js';
import type { LiveBot, LiveChange, LiveEvent, LiveMemory, SessionPosition } from './ports.js';

/** What a session reports. */
export type SessionHooks = Pick<
  LiveSessionDeps,
  'onEvent' | 'onPosition' | 'onGap' | 'onUnreadable' | 'onState' | 'onHeartbeat'
>;

/** Opens a session of the bot. It may call the hooks before it is returned. */
export type OpenSession = (bot: LiveBot, hooks: SessionHooks) => Pick<LiveSession, 'stop'>;

export interface FeedDeps {
  readonly memory: Pick<
    LiveMemory,
    'applyEvents' | 'saveLiveState' | 'openGap' | 'saveUnavailable'
  >;
  readonly openSession: OpenSession;
  readonly nameHands: NameHands;
  /** Reads the guild's roles again, because they have changed. */
  readonly followRoles: (guild: GuildRef) => Promise<unknown>;
  /** The bot is in the guild again, or has left it. */
  readonly followPresence: (guild: GuildRef, isInGuild: boolean) => Promise<unknown>;
  readonly stopClient: (guild: GuildRef, reason: string) => Promise<unknown>;
  /** Whether the member's run is in progress: it will save what the event shows. */
  readonly isInWork: (member: MemberKey) => boolean;
  readonly observed: {
    liveBatch(batch: { readonly kinds: readonly string[]; readonly seconds: number }): void;
    liveGap(): void;
  };
  readonly logger: Logger;
  readonly monotonicMs: () => number;
  readonly timing?: Partial<FeedTiming> | undefined;
}

export interface FeedTiming {
  /** How long events gather after a batch before they are written together. */
  readonly gatherMs: number;
  /** How long the mirror counts as live after a heartbeat was answered. */
  readonly trustMs: number;
  /** How often that time is saved. */
  readonly renewMs: number;
  /** Guilds that become available this long after the session began have just been joined. */
  readonly joinedAfterMs: number;
  /** Shortest time between two readings of a guild's roles. */
  readonly rolesMs: number;
}

/** Discord's heartbeat is about 41 seconds. Without an answer the session ends at the next one. */
const TIMING: FeedTiming = {
  gatherMs: 20,
  trustMs: 90_000,
  renewMs: 15_000,
  joinedAfterMs: 30_000,
  rolesMs: 2_000,
};

/** More members than this waiting, and the events are dropped: a member list costs less. */
const MOST_WAITING = 20_000;

/** Receives the events of one bot, and applies them in batches. */
export interface BotFeed {
  /** Clients were added or removed. */
  follow(bot: LiveBot): void;
  /** Applies what has arrived, and closes the session. */
  stop(): Promise<void>;
}

export function openBotFeed(deps: FeedDeps, bot: LiveBot): BotFeed {
  return new Feed(deps, bot);
}

class Feed implements BotFeed {
  readonly #timing: FeedTiming;
  readonly #session: Pick<LiveSession, 'stop'>;
  readonly #shards = new Map<number, EventBuffer>();
  readonly #followRoles: (guild: GuildRef) => void;
  readonly #left = new Set<ClientId>();
  readonly #unavailable = new Set<ClientId>();
  readonly #saved = new Map<number, SessionPosition>();
  readonly #work = new Set<Promise<unknown>>();
  #guilds: ReadonlyMap<GuildId, GuildRef>;
  #flushing: Promise<void> | null = null;
  #flushedAtMs = -Infinity;
  readonly #stopping = new AbortController();
  readonly #patience: ReturnType<typeof createPatience>;
  readonly #states: LiveStates;
  readonly #shardStates = new Map<number, LiveSessionState>();
  readonly #readyAtMs = new Map<number, number>();
  #botState: LiveSessionState = { kind: 'CONNECTING' };
  #shardCount = 1;
  #isStopped = false;
  /** The kinds of the events since the last batch, and when the first of them arrived. */
  #kinds: string[] = [];
  #firstAtMs: number | null = null;

  constructor(
    readonly deps: FeedDeps,
    public bot: LiveBot,
  ) {
    this.#timing = { ...TIMING, ...deps.timing };
    this.#guilds = guildsOf(bot);
    const { memory, logger, monotonicMs } = deps;
    this.#patience = createPatience({ logger, stopping: this.#stopping.signal });
    const { patiently } = this.#patience;
    const { pause } = this.#patience;
    this.#followRoles = createRolesFollower({
      readRoles: deps.followRoles,
      patiently: (doing, act) => this.#do(doing, act),
      pause: async () => pause(this.#timing.rolesMs),
      isStopped: () => this.#isStopped,
    });
    this.#states = createLiveStates({ ...this.#timing, memory, patiently, monotonicMs });
    this.#states.set(bot.clients, { kind: 'CONNECTING' });
    this.#session = deps.openSession(bot, {
      onEvent: (event, position) => this.#take(event, position),
      onPosition: (position) => this.#bufferOf(position.shardId).pass(position),
      onUnreadable: ({ guildId, reason }) => this.#missed(this.#clientsOf(guildId), reason),
      onState: (state, shard) => this.#enter(state, shard),
      onGap: ({ reason, ...shard }) => this.#missed(this.#clientsIn(shard), reason),
      onHeartbeat: (shard) => this.#beat(shard),
    });
  }

  follow(bot: LiveBot): void {
    const before = new Set(this.bot.clients.map(({ clientId }) => clientId));
    this.bot = bot;
    this.#guilds = guildsOf(bot);
    const added = bot.clients.filter(({ clientId }) => !before.has(clientId));
    if (added.length === 0) return;
    for (const client of added) {
      const { shardId } = this.#shardOf(client);
      const state = this.#shardStates.get(shardId) ?? this.#botState;
      if (state.kind === 'READY') this.#missed([client], 'the client has become live');
      this.#states.set([client], state);
    }
  }

  async stop(): Promise<void> {
    await this.#session.stop();
    this.#isStopped = true;
    this.#stopping.abort();
    await this.#flushing;
    await this.#flush().catch(() => undefined);
    await Promise.all([...this.#work, this.#states.saved()]);
    // The next process resumes the session. Until then nobody may trust the mirror.
    this.#states.set(this.bot.clients, {
      kind: 'LOST',
      reason: 'the session moves to another process',
    });
    await this.#states.saved();
  }

  #take({ guildId, change }: LiveEvent, position: SessionPosition): void {
    const buffer = this.#bufferOf(position.shardId);
    const guild = this.#guilds.get(guildId);
    if (guild === undefined) return buffer.pass(position);
    buffer.add(guild.clientId, change, position);
    this.#kinds.push(change.kind);
    this.#firstAtMs ??= this.deps.monotonicMs();
    this.#follow(guild, change.kind);
    if (buffer.size() > MOST_WAITING) {
      buffer.clear();
      this.#missed(this.bot.clients, `more than ${MOST_WAITING} events waited for the database`);
    }
    this.#flushSoon();
  }

  #beat(shard: ShardRef): void {
    this.#states.renew(this.#clientsIn(shard));
    // Without events, nothing else saves the position, and a resume from an old one may fail.
    this.#flushSoon();
  }

  /** Acts on an event about the guild itself. */
  #follow(guild: GuildRef, kind: LiveChange['kind']): void {
    const { memory, followPresence } = this.deps;
    if (kind === 'rolesChanged') this.#followRoles(guild);
    if (kind === 'guildAvailable') this.#available(guild);
    if (kind === 'guildUnavailable') {
      this.#unavailable.add(guild.clientId);
      this.#do('saving an outage', async () => memory.saveUnavailable(guild.clientId, true));
    }
    if (kind !== 'guildLeft') return;
    this.#left.add(guild.clientId);
    this.#do('pausing a client', async () => followPresence(guild, false));
  }

  #bufferOf(shardId: number): EventBuffer {
    const known = this.#shards.get(shardId);
    if (known !== undefined) return known;
    const buffer = createEventBuffer();
    this.#shards.set(shardId, buffer);
    return buffer;
  }

  /** Events of an outage do not come later, so its end is a gap. */
  #available(guild: GuildRef): void {
    const { memory, followPresence, monotonicMs } = this.deps;
    const readyAtMs = this.#readyAtMs.get(this.#shardOf(guild).shardId) ?? Infinity;
    const wasAway = this.#unavailable.delete(guild.clientId);
    const hasJoined =
      this.#left.delete(guild.clientId) ||
      (!wasAway && monotonicMs() > readyAtMs + this.#timing.joinedAfterMs);
    if (wasAway || hasJoined) this.#missed([guild], 'the guild has become available');
    this.#do('saving the end of an outage', async () =>
      memory.saveUnavailable(guild.clientId, false),
    );
    if (hasJoined) this.#do('checking a client', async () => followPresence(guild, true));
  }

  #enter(state: LiveSessionState, shard: ShardRef | null): void {
    const { monotonicMs, logger, stopClient } = this.deps;
    const { applicationId } = this.bot;
    logger.info({ applicationId, ...shard, ...state }, 'gateway session');
    const clients = shard === null ? this.bot.clients : this.#clientsIn(shard);
    if (shard === null) {
      this.#botState = state;
      this.#shardStates.clear();
    } else {
      this.#shardCount = shard.shardCount;
      this.#shardStates.set(shard.shardId, state);
    }
    if (state.kind === 'READY' && shard !== null) {
      this.#readyAtMs.set(shard.shardId, monotonicMs());
      // What changed while no session was open came with no event.
      for (const guild of clients) this.#followRoles(guild);
      this.#do('applying repeated events', async () => this.#beLive(shard.shardId, state));
      return;
    }
    if (state.kind === 'REFUSED')
      for (const guild of clients)
        this.#do('stopping a client', () => stopClient(guild, state.reason));
    this.#states.set(clients, state);
  }

  /**
   * Saves READY once everything that arrived before it is applied: without the events that a resumed
   * session repeats, the mirror is old.
   */
  async #beLive(shardId: number, state: LiveSessionState): Promise<void> {
    // A flush in progress may have begun before the last of these events arrived.
    for (let flushes = 0; flushes < 2; flushes += 1) {
      this.#flushSoon();
      await this.#flushing;
    }
    if (this.#shardStates.get(shardId) !== state) return;
    this.#states.set(
      this.bot.clients.filter((client) => this.#shardOf(client).shardId === shardId),
      state,
    );
  }

  #clientsIn({ shardId, shardCount }: ShardRef): readonly GuildRef[] {
    return this.bot.clients.filter(({ guildId }) => shardOf(guildId, shardCount) === shardId);
  }

  /** Null: the event does not name its guild, so it may belong to any. */
  #clientsOf(guildId: GuildId | null): readonly GuildRef[] {
    if (guildId === null) return this.bot.clients;
    const guild = this.#guilds.get(guildId);
    return guild === undefined ? [] : [guild];
  }

  #shardOf({ guildId }: GuildRef): ShardRef {
    const shardCount = this.#shardCount;
    return { shardId: shardOf(guildId, shardCount), shardCount };
  }

  #missed(clients: readonly GuildRef[], reason: string): void {
    const clientIds = clients.map(({ clientId }) => clientId);
    if (clientIds.length === 0) return;
    this.deps.logger.info({ clientIds, reason }, 'events may have been missed');
    this.deps.observed.liveGap();
    this.#states.missed(clients);
  }

  #do(doing: string, act: () => Promise<unknown>): void {
    const work = this.#patience.patiently(doing, act).finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  /** A lone event is applied at once; those that follow gather for a while after it. */
  #flushSoon(): void {
    if (this.#flushing !== null || this.#isStopped) return;
    const sinceMs = this.deps.monotonicMs() - this.#flushedAtMs;
    this.#flushing = this.#patience
      .pause(Math.max(0, this.#timing.gatherMs - sinceMs))
      .then(async () => this.#patience.patiently('applying events', async () => this.#flush()))
      .finally(() => {
        this.#flushing = null;
        this.#flushedAtMs = this.deps.monotonicMs();
        if ([...this.#shards.values()].some((buffer) => buffer.size() > 0)) this.#flushSoon();
      });
  }

  async #flush(): Promise<void> {
    const { isInWork } = this.deps;
    // A gap must be stored before any position that follows it.
    await this.#states.saved();
    for (const buffer of this.#shards.values()) {
      const taken = buffer.take(
        (clientId, discordUserId) => !this.#isStopped && isInWork({ clientId, discordUserId }),
      );
      const kinds = this.#kinds.splice(0);
      const firstAtMs = this.#firstAtMs;
      this.#firstAtMs = null;
      try {
        await this.#apply(taken);
        if (firstAtMs !== null) {
          const seconds = (this.deps.monotonicMs() - firstAtMs) / 1_000;
          this.deps.observed.liveBatch({ kinds, seconds });
        }
      } catch (error) {
        taken.putBack();
        throw error;
      }
    }
  }

  async #apply({ position, clients, hands }: TakenEvents): Promise<void> {
    const { memory, nameHands } = this.deps;
    const { applicationId } = this.bot;
    for (const guild of this.bot.clients) {
      const entries = hands.get(guild.clientId) ?? [];
      if (entries.length > 0) await nameHands(guild, entries);
    }
    if (position === null || (clients.length === 0 && this.#isSaved(position))) return;
    await memory.applyEvents({ applicationId, position, clients });
    this.#saved.set(position.shardId, position);
  }

  #isSaved({ shardId, sessionId, sequence }: SessionPosition): boolean {
    const saved = this.#saved.get(shardId);
    return saved?.sessionId === sessionId && saved.sequence === sequence;
  }
}

function guildsOf({ clients }: LiveBot): ReadonlyMap<GuildId, GuildRef> {
  return new Map(clients.map((client) => [client.guildId, client]));
}
