import { GatewayCloseCodes, GatewayOpcodes } from 'discord-api-types/v10';
import type { WebSocket } from 'ws';

import { createBuckets } from '../rate-bucket.js';
import type { SandboxLimit } from '../sandbox-interface.js';
import { createFrameWriter, type FrameWriter } from './frame-writer.js';

/** One websocket: framing, limits and heartbeats. It does not interpret payloads. */
export type Connection = {
  /** The API version that the bot asked for. */
  readonly version: number;
  /** `ws://HOST`, as the bot reached it. */
  readonly address: string;
  readonly compression: FrameWriter['compression'];
  readonly compressPayloads: FrameWriter['compressPayloads'];
  send(text: string): void;
  sendOpcode(op: GatewayOpcodes, data: unknown): void;
  /** Restarts the heartbeat deadline. */
  heartbeat(): void;
  close(code: number, reason: string): void;
  cut(): void;
  /** Stops sending and reading. Half-open: closing frames stay unanswered too. */
  freeze(how: { readonly isHalfOpen: boolean }): void;
  isFrozen(): boolean;
};

/** Called for each payload from the bot, and once when the connection has ended. */
export type ConnectionHandler = {
  readonly receive: (text: string) => void;
  /** `endsSession`: the bot closed with 1000 or 1001, which gives up the session. */
  readonly closed: (how: { readonly endsSession: boolean }) => void;
};

export type ConnectionDeps = {
  readonly socket: WebSocket;
  readonly version: number;
  readonly address: string;
  readonly transport: 'zlib-stream' | 'zstd-stream' | undefined;
  readonly heartbeatIntervalMs: number;
  readonly sendLimit: SandboxLimit | null;
  readonly clock: () => number;
};

/** Discord documents this limit; a larger payload is closed with 4002. */
const MAX_PAYLOAD_BYTES = 4096;

/** Discord tolerates late heartbeats; how late is not documented. */
const HEARTBEAT_TOLERANCE = 1.5;

export function createConnection(
  deps: ConnectionDeps,
  createHandler: (connection: Connection) => ConnectionHandler,
): Connection {
  const { socket, version, address } = deps;
  const writer = createFrameWriter(socket, deps.transport);
  let isFrozen = false;
  let isClosing = false;
  const sends = createBuckets(deps.sendLimit, deps.clock);

  const connection: Connection = {
    version,
    address,
    compression: writer.compression,
    compressPayloads: writer.compressPayloads,
    send(text) {
      if (!isFrozen && !isClosing) writer.write(text);
    },
    sendOpcode(op, data) {
      connection.send(JSON.stringify({ t: null, s: null, op, d: data }));
    },
    heartbeat: () => void deadline.refresh(),
    close(code, reason) {
      if (isClosing) return;
      isClosing = true;
      writer.finish(() => socket.close(code, reason));
    },
    cut() {
      isClosing = true;
      socket.terminate();
    },
    freeze({ isHalfOpen }) {
      isFrozen = true;
      clearTimeout(deadline);
      if (isHalfOpen) socket.pause();
    },
    isFrozen: () => isFrozen,
  };

  const deadline = setTimeout(
    () => connection.close(GatewayCloseCodes.SessionTimedOut, 'Session timed out.'),
    deps.heartbeatIntervalMs * HEARTBEAT_TOLERANCE,
  ).unref();
  const handler = createHandler(connection);

  socket.on('message', (data: Buffer) => {
    if (isFrozen || isClosing) return;
    if (!sends.take().isAllowed)
      return connection.close(GatewayCloseCodes.RateLimited, 'Rate limited.');
    if (data.length > MAX_PAYLOAD_BYTES)
      return connection.close(GatewayCloseCodes.DecodeError, 'Payload too large.');
    handler.receive(data.toString('utf8'));
  });
  // A broken frame closes the socket; `close` follows.
  socket.on('error', () => undefined);
  socket.on('close', (code) => {
    clearTimeout(deadline);
    const isOurs = isClosing;
    isClosing = true;
    handler.closed({ endsSession: !isOurs && (code === 1000 || code === 1001) });
  });
  connection.sendOpcode(GatewayOpcodes.Hello, { heartbeat_interval: deps.heartbeatIntervalMs });
  return connection;
}
