import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { GatewayCloseCodes } from 'discord-api-types/v10';
import { WebSocketServer, type WebSocket } from 'ws';

import type { ConnectionDeps } from './connection.js';
import type { GatewayClosing } from './identify.js';

export type Handshake = Pick<ConnectionDeps, 'socket' | 'version' | 'address' | 'transport'>;

type Deps = {
  readonly isDown: () => boolean;
  readonly accept: (handshake: Handshake) => void;
};

/** Far above what a bot may send: the connection itself refuses that with Discord's close code. */
const MAX_FRAME_BYTES = 1_000_000;

/** Turns HTTP requests into websockets and checks the address: version, encoding, compression. */
export function createUpgrade({ isDown, accept }: Deps) {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });

  return (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const url = URL.parse(request.url ?? '/', 'http://sandbox.invalid');
    if (!url) return refuse(stream, 400);
    if (url.pathname !== '/') return refuse(stream, 404);
    if (isDown()) return refuse(stream, 503);
    server.handleUpgrade(request, stream, head, (socket) => {
      const asked = readQuery(url.searchParams);
      if ('code' in asked) return refuseSocket(socket, asked);
      accept({ socket, ...asked, address: `ws://${request.headers.host ?? 'localhost'}` });
    });
  };
}

function refuse(stream: Duplex, status: number): void {
  stream.on('error', () => undefined);
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

function refuseSocket(socket: WebSocket, { code, reason }: GatewayClosing): void {
  socket.on('error', () => undefined);
  socket.close(code, reason);
}

function readQuery(
  query: URLSearchParams,
): Pick<Handshake, 'version' | 'transport'> | GatewayClosing {
  const version = Number(query.get('v'));
  if (version !== 9 && version !== 10)
    return { code: GatewayCloseCodes.InvalidAPIVersion, reason: 'Invalid API version.' };
  if ((query.get('encoding') ?? 'json') !== 'json')
    return { code: GatewayCloseCodes.DecodeError, reason: 'This sandbox speaks JSON only.' };
  const transport = query.get('compress') ?? undefined;
  if (transport === undefined || transport === 'zlib-stream' || transport === 'zstd-stream')
    return { version, transport };
  return { code: GatewayCloseCodes.DecodeError, reason: 'Unknown compression.' };
}
