import { GatewayCloseCodes, GatewayOpcodes } from 'discord-api-types/v10';
import type { WebSocket } from 'ws';

import { takeFromBucket, type Bucket } from '../rate-bucket.js';
import type { SandboxLimit } from '../sandbox-interface.js';
import { createOutlet, type Outlet } from './outlet.js';

/** One websocket. It knows how payloads travel, not what they mean. */
export type Connection = {
  /** The API version that the bot asked for. */
  readonly version: number;
  /** `ws://HOST`, as the bot reached it. */
  readonly address: string;
  readonly compression: Outlet['compression'];
  readonly compressPayloads: Outlet['compressPayloads'];
  send(text: string): void;
  sendOpcode(op: GatewayOpcodes, data: unknown): void;
  /** The bot is alive: its deadline starts again. */
  heartbeat(): void;
  close(code: number, reason: string): void;
  cut(): void;
  /** Nothing is sent or read any more; half-open, not even a closing frame is answered. */
  freeze(how: { readonly isHalfOpen: boolean }): void;
  isFrozen(): boolean;
};

/** What the other side does. */
export type Listener = {
  readonly receive: (text: string) => void;
  /** `endsSession`: the bot closed with 1000 or 1001, and does not mean to resume. */
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

/** Discord tolerates some delay of heartbeats, without saying how much. */
const HEARTBEAT_TOLERANCE = 1.5;

export function createConnection(
  deps: ConnectionDeps,
  listen: (connection: Connection) => Listener,
): Connection {
  const { socket, version, address } = deps;
  const outlet = createOutlet(socket, deps.transport);
  let isFrozen = false;
  let isClosing = false;
  const isTooFast = createSendCounter(deps);

  const connection: Connection = {
    version,
    address,
    compression: outlet.compression,
    compressPayloads: outlet.compressPayloads,
    send(text) {
      if (!isFrozen && !isClosing) outlet.write(text);
    },
    sendOpcode(op, data) {
      connection.send(JSON.stringify({ t: null, s: null, op, d: data }));
    },
    heartbeat: () => void deadline.refresh(),
    close(code, reason) {
      if (isClosing) return;
      isClosing = true;
      outlet.finish(() => socket.close(code, reason));
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
  const listener = listen(connection);

  socket.on('message', (data: Buffer) => {
    if (isFrozen || isClosing) return;
    if (isTooFast()) return connection.close(GatewayCloseCodes.RateLimited, 'Rate limited.');
    if (data.length > MAX_PAYLOAD_BYTES)
      return connection.close(GatewayCloseCodes.DecodeError, 'Payload too large.');
    listener.receive(data.toString('utf8'));
  });
  // A broken frame closes the socket; `close` follows.
  socket.on('error', () => undefined);
  socket.on('close', (code) => {
    clearTimeout(deadline);
    const isOurs = isClosing;
    isClosing = true;
    listener.closed({ endsSession: !isOurs && (code === 1000 || code === 1001) });
  });
  connection.sendOpcode(GatewayOpcodes.Hello, { heartbeat_interval: deps.heartbeatIntervalMs });
  return connection;
}

function createSendCounter({ sendLimit, clock }: ConnectionDeps): () => boolean {
  let sends: Bucket | undefined;
  return () => {
    if (!sendLimit) return false;
    const { bucket, verdict } = takeFromBucket(sendLimit, sends, clock());
    sends = bucket;
    return !verdict.isAllowed;
  };
}
