import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Starts a TCP server on a free port, and returns its address as a websocket's. */
export async function startHostileServer(accept: (socket: Socket) => void) {
  return listening(createServer(accept));
}

/**
 * Starts a server that completes the handshake of a websocket, and then sends these bytes: frames
 * that a proper server never would.
 */
export async function startHostileGateway(bytes: readonly Buffer[]) {
  const server = createHttpServer();
  let received = 0;
  server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1')
      .update(key + WEBSOCKET_GUID)
      .digest('base64');
    socket.on('error', () => undefined);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    for (const each of bytes) socket.write(each);
    socket.on('data', (data: Buffer) => void (received += data.length));
  });
  return { ...(await listening(server)), bytesReceived: () => received };
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-1.3 */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** One frame; `length` may claim more than the body has. */
export function frame(opcode: 1 | 2 | 3, body: Buffer | string, length?: number): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length ?? bytes.length), 2);
  return Buffer.concat([header, bytes]);
}

async function listening(server: Server) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = portOf(server.address());
  return {
    url: `ws://127.0.0.1:${port}`,
    connections: () => sockets.size,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function portOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address;
}
