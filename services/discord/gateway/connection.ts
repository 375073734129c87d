import {
  Encoding,
  WebSocketShard,
  WebSocketShardEvents,
  WebSocketShardStatus,
  type FetchingStrategyOptions,
  type SessionInfo,
} from '@discordjs/ws';
import { GatewayIntentBits } from 'discord-api-types/v10';

import { LIST_BYTES } from '../rest/calls.js';
import type { ConnectionEnd } from './connection-ends.js';
import { type Frame, readFrame, type SessionFrame } from './frames.js';
import type { ShardRef } from './live-session-deps.js';
import type { SessionPosition } from './ports.js';

export interface ConnectionDeps extends ShardRef {
  readonly botToken: string;
  readonly url: string;
  /** The point after which the session goes on; null: a new session begins. */
  readonly position: () => SessionPosition | null;
  readonly clock: () => number;
  /** Called for everything that has a number, in order. */
  readonly onFrame: (frame: SessionFrame) => void;
  readonly onHeartbeat: (latencyMs: number) => void;
  /** A message that was ignored because it could not be read. */
  readonly onUnreadable: (reason: string) => void;
}

export interface GatewayConnection {
  /** Resolves once, when no more frames will come. */
  readonly ended: Promise<ConnectionEnd>;
  /** Ends the connection so that the session can be resumed. Resolves when the socket is closed. */
  readonly end: (why: ConnectionEnd) => Promise<void>;
  /** True once Discord has answered on the connection. */
  readonly wasReached: () => boolean;
}

/** Members need the privileged intent; moderation brings bans and audit log entries. */
const INTENTS =
  GatewayIntentBits.Guilds | GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildModeration;

/** Any code but 1000 and 1001 keeps the session. */
const KEEPS_SESSION = 4200;
/** Discord answers a closing frame at once. */
const CLOSING_MS = 1000;
/** Without progress for so long, Discord will not begin the session. */
const BEGINNING_MS = 30_000;
/** Discord asks for a heartbeat only now and then; more answers could exceed its limit. */
const BETWEEN_REQUESTED_HEARTBEATS_MS = 1000;

/**
 * Opens one connection to the gateway.
 * In: the address and the session's position. Out: the session's frames, and why it ended.
 * Never: a second connection, a frame after the end, or an exception for any frame.
 */
export function openConnection(deps: ConnectionDeps): GatewayConnection {
  const { promise: ended, resolve } = Promise.withResolvers<ConnectionEnd>();
  let isOver = false;
  let lastError: string | null = null;

  const finish = (end: ConnectionEnd): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(beginning);
    frames.stop();
    resolve(end);
  };
  let closing: Promise<void> | null = null;
  const end = (why: ConnectionEnd): Promise<void> => {
    finish(why);
    // Once only: a second `destroy` would take the first one's notice that the socket is closed.
    return (closing ??= closeSocket(shard));
  };
  const endBy = (why: ConnectionEnd): void => void end(why);

  const beginning = setTimeout(() => endBy({ kind: 'silent' }), BEGINNING_MS);
  const frames = new FrameHandler({ connection: deps, beginning, end: endBy });
  const shard = createShard(deps, {
    opened: (socket) => {
      socket.on('error', () => undefined);
      if (isOver) return socket.terminate();
      const forward = socket.onmessage;
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- replaces the library's own
      socket.onmessage = (event) => {
        if (isOver) return;
        // Only these frames reach the library. It would parse each frame again, and a malformed one
        // would be an unhandled rejection.
        if (frames.receive(event.data) && !isOver) forward?.call(socket, event);
      };
    },
    reopening: () => finish({ kind: 'closed', code: NO_CODE, error: lastError }),
  });

  shard.on(WebSocketShardEvents.Closed, (code) =>
    // The library closes a connection whose heartbeats stay unanswered, with this code of its own.
    finish(
      code === KEEPS_SESSION ? { kind: 'silent' } : { kind: 'closed', code, error: lastError },
    ),
  );
  shard.on(WebSocketShardEvents.SocketError, ({ message }) => {
    lastError = message;
    // After a broken frame the websocket would wait half a minute for the closing frame.
    endBy({ kind: 'closed', code: NO_CODE, error: message });
  });
  shard.on(WebSocketShardEvents.Error, () => undefined);
  shard.on(WebSocketShardEvents.HeartbeatComplete, ({ latency, heartbeatAt }) => {
    if (!isOver && heartbeatAt > 0) deps.onHeartbeat(latency);
  });
  // Rejects when Discord closes the connection with a final code, which `Closed` reports too.
  shard.connect().catch(() => undefined);
  return { ended, end, wasReached: () => frames.hasHello };
}

/** The websocket's own code for a connection that ended without one. */
const NO_CODE = 1006;

interface SocketMessage {
  readonly data: unknown;
}

/** The part of the websocket that is used here. */
interface Socket {
  onmessage: ((event: SocketMessage) => void) | null;
  on(event: 'error' | 'close', listener: () => void): void;
  terminate(): void;
}

/** The library has no public access to its websocket. */
function socketOf(shard: WebSocketShard): Socket | null {
  const socket: Socket | null = shard['connection'];
  return socket;
}

async function closeSocket(shard: WebSocketShard): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const terminate = () => {
    const socket = socketOf(shard);
    // It may not have been opened yet. Without a listener its error would end the process.
    socket?.on('error', () => undefined);
    socket?.terminate();
    resolve();
  };
  socketOf(shard)?.on('close', resolve);
  // A half-open connection answers no closing frame, and one that is being opened sends none.
  const timer = setTimeout(terminate, CLOSING_MS);
  // Before READY this may never resolve: the library then destroys the shard a second time.
  void shard.destroy({ code: KEEPS_SESSION, reason: 'no longer needed' }).then(terminate);
  await closed;
  clearTimeout(timer);
}

/**
 * WebSocketShard reconnects by itself, twice a second and without end. So each one is allowed a
 * single connection: its request for another is reported, and never answered.
 */
function createShard(
  { botToken, url, shardId, shardCount, position }: ConnectionDeps,
  on: { readonly opened: (socket: Socket) => void; readonly reopening: () => void },
): WebSocketShard {
  let hasConnected = false;
  const shard: WebSocketShard = new WebSocketShard(
    {
      options: shardOptions({ botToken, url, shardCount }),
      retrieveSessionInfo() {
        if (shard.status !== WebSocketShardStatus.Idle) return sessionInfo(position(), url);
        if (hasConnected) {
          on.reopening();
          return new Promise(() => undefined);
        }
        hasConnected = true;
        // The socket is created right after this function; nothing can arrive before the next turn.
        setImmediate(() => {
          const socket = socketOf(shard);
          if (socket) on.opened(socket);
        });
        return sessionInfo(position(), url);
      },
      // The frames tell more: the library would also forget sessions that can be resumed.
      updateSessionInfo: () => undefined,
      // A start was taken before the connection was opened.
      waitForIdentify: () => Promise.resolve(),
    },
    shardId,
  );
  return shard;
}

function sessionInfo(position: SessionPosition | null, resumeURL: string): SessionInfo | null {
  if (!position) return null;
  const { sessionId, sequence, shardId, shardCount } = position;
  return { sessionId, sequence, shardId, shardCount, resumeURL };
}

function shardOptions({
  botToken,
  url,
  shardCount,
}: {
  readonly botToken: string;
  readonly url: string;
  readonly shardCount: number;
}): FetchingStrategyOptions {
  const name = 'discord-connector';
  return {
    token: botToken,
    intents: INTENTS,
    shardCount,
    gatewayInformation: {
      url,
      shards: shardCount,
      session_start_limit: { total: 0, remaining: 0, reset_after: 0, max_concurrency: 1 },
    },
    identifyProperties: { browser: name, device: name, os: process.platform },
    version: '10',
    encoding: Encoding.JSON,
    compression: null,
    useIdentifyCompression: false,
    initialPresence: null,
    largeThreshold: null,
    handshakeTimeout: BEGINNING_MS / 2,
    // `beginning` limits both.
    helloTimeout: null,
    readyTimeout: null,
  };
}

interface FrameHandlerDeps {
  readonly connection: ConnectionDeps;
  /** Ends the connection unless the session begins in time. */
  readonly beginning: NodeJS.Timeout;
  readonly end: (why: ConnectionEnd) => void;
}

/** Reads the frames of one connection. */
class FrameHandler {
  hasHello = false;
  #hasBegun = false;
  #requestedAt = -Infinity;
  #heartbeats: NodeJS.Timeout | undefined;

  constructor(readonly deps: FrameHandlerDeps) {}

  stop(): void {
    clearTimeout(this.#heartbeats);
  }

  /** Returns true if the library needs the frame. */
  receive(data: unknown): boolean {
    if (typeof data !== 'string') return this.#ignore('a binary message');
    if (data.length <= LIST_BYTES) return this.#take(readFrame(data));
    this.deps.end({ kind: 'tooLong', length: data.length });
    return false;
  }

  #take(frame: Frame): boolean {
    switch (frame.kind) {
      case 'hello':
        return this.#greet(frame.heartbeatMs);
      case 'heartbeatAck':
        this.#heartbeats?.refresh();
        return true;
      case 'heartbeatRequest':
        return this.#mayAnswer();
      case 'reconnect':
      case 'invalidSession':
        this.deps.end(frame);
        return false;
      case 'unreadable':
        if (frame.isVital) this.deps.end(frame);
        return this.#ignore(frame.reason);
      case 'ready':
      case 'resumed':
      case 'dispatch':
        return this.#pass(frame);
      case 'unknown':
      default:
        return false;
    }
  }

  #greet(heartbeatMs: number): boolean {
    // A second hello would start a second series of heartbeats.
    if (this.hasHello) return this.#ignore('a second hello');
    this.hasHello = true;
    // The library waits up to twice the interval, and then half a minute for the closing frame.
    const silent = () => this.deps.end({ kind: 'silent' });
    this.#heartbeats = setTimeout(silent, heartbeatMs * 1.5);
    return true;
  }

  #mayAnswer(): boolean {
    const now = this.deps.connection.clock();
    if (now - this.#requestedAt < BETWEEN_REQUESTED_HEARTBEATS_MS) return false;
    this.#requestedAt = now;
    return true;
  }

  #pass(frame: SessionFrame): boolean {
    const { connection, beginning } = this.deps;
    const begins = frame.kind !== 'dispatch';
    if (begins && this.#hasBegun) return this.#ignore('a session that began twice');
    if (frame.kind !== 'ready' && !connection.position())
      return this.#ignore('an event before the session');
    this.#hasBegun ||= begins;
    if (this.#hasBegun) clearTimeout(beginning);
    else beginning.refresh();
    connection.onFrame(frame);
    return begins;
  }

  #ignore(reason: string): false {
    this.deps.connection.onUnreadable(reason);
    return false;
  }
}
