import { constants, createDeflate, createZstdCompress, deflateSync } from 'node:zlib';

import type { WebSocket } from 'ws';

import type { SandboxCompression } from './gateway-interface.js';

/** Sends text in the connection's compression, in order. */
export type FrameWriter = {
  readonly compression: () => SandboxCompression;
  readonly write: (text: string) => void;
  /** Calls back once everything written before has been handed to the socket. */
  readonly finish: (then: () => void) => void;
  /** From now on large payloads are compressed one by one, unless the whole stream is. */
  readonly compressPayloads: () => void;
};

// Discord compresses some payloads only; small ones would grow.
const SMALLEST_COMPRESSED = 1024;

export function createFrameWriter(
  socket: WebSocket,
  transport: 'zlib-stream' | 'zstd-stream' | undefined,
): FrameWriter {
  return transport === undefined ? plainWriter(socket) : streamWriter(socket, transport);
}

function plainWriter(socket: WebSocket): FrameWriter {
  let isCompressing = false;
  return {
    compression: () => (isCompressing ? 'payload' : 'none'),
    write(text) {
      const isLarge = isCompressing && text.length >= SMALLEST_COMPRESSED;
      socket.send(isLarge ? deflateSync(text) : text);
    },
    finish: (then) => then(),
    compressPayloads() {
      isCompressing = true;
    },
  };
}

/** One compression context for the whole connection, flushed after each payload. */
function streamWriter(socket: WebSocket, transport: 'zlib-stream' | 'zstd-stream'): FrameWriter {
  const isZlib = transport === 'zlib-stream';
  const stream = isZlib ? createDeflate() : createZstdCompress();
  const flushMode = isZlib ? constants.Z_SYNC_FLUSH : constants.ZSTD_e_flush;
  let chunks: Buffer[] = [];
  let last: Promise<void> = Promise.resolve();
  let settle = () => {};
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('close', () => settle());
  socket.once('close', () => stream.destroy());

  const sendCompressed = (text: string) =>
    new Promise<void>((resolve) => {
      if (stream.destroyed) return resolve();
      settle = resolve;
      stream.write(text);
      stream.flush(flushMode, () => {
        socket.send(Buffer.concat(chunks));
        chunks = [];
        resolve();
      });
    });

  return {
    compression: () => transport,
    write(text) {
      last = last.then(() => sendCompressed(text));
    },
    finish(then) {
      last = last.then(then);
    },
    compressPayloads: () => undefined,
  };
}
