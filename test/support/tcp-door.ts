import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be shut, opened and held still, as networks and servers are. */
export async function createTcpDoor(target: { readonly host: string; readonly port: number }) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isStill = false;
  const server = createServer((near) => {
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (bytes) => pass(far, bytes));
    far.on('data', (bytes) => pass(near, bytes));
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  let waiting: (() => void)[] = [];
  const pass = (to: Socket, bytes: Buffer) => {
    if (isStill) waiting.push(() => to.write(bytes));
    else to.write(bytes);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

  return {
    port,
    /** Nobody listens here any more, and whoever was connected is cut off. */
    async shut() {
      if (!server.listening) return;
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await once(server, 'close');
    },
    async open() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    /** Connections stay, and nothing comes through. */
    hold() {
      isStill = true;
    },
    /** What was held comes through now. */
    letGo() {
      isStill = false;
      for (const each of waiting) each();
      waiting = [];
    },
  };
}

export type TcpDoor = Awaited<ReturnType<typeof createTcpDoor>>;

/** The same database by way of a door of its own. */
export async function createDoorTo(databaseUrl: string) {
  const url = new URL(databaseUrl);
  const { hostname: host, port } = url;
  const door = await createTcpDoor({ host, port: Number(port || 5432) });
  url.hostname = '127.0.0.1';
  url.port = String(door.port);
  return { door, url: url.toString() };
}
