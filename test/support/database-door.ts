import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { createReader, type Done } from './database-frames.js';

/**
 * Which statements: any, or those whose text contains these words and whose result has at least
 * this many rows.
 */
export type Statements = 'any' | { readonly words: string; readonly rows: number };

/**
 * A connection that broke after the server carried the statement out, before its caller received
 * the result.
 */
export interface Cut {
  readonly at: number;
  readonly statement: string;
}

/**
 * A proxy for PostgreSQL that can break a connection at the worst time: after a statement is
 * carried out and before its result arrives. It can also pause: traffic then arrives later, even if
 * its sender has long disconnected, as with a server that was stopped and continues. It parses only
 * the protocol messages it needs, and connections are in plain text.
 */
export interface DatabaseDoor {
  /** The address of the same database through the proxy. */
  readonly url: string;
  readonly cuts: readonly Cut[];
  /** Loses the result of the nth such statement from now; 1 is the next. */
  cutAnswer(which: Statements, nth: number): void;
  /** Discards faults that have not happened yet. */
  clear(): void;
  hold(): void;
  letGo(): void;
  stop(): Promise<void>;
}

interface Planted {
  readonly which: Statements;
  left: number;
}

export async function createDatabaseDoor(databaseUrl: string): Promise<DatabaseDoor> {
  const target = new URL(databaseUrl);
  const cuts: Cut[] = [];
  let planted: Planted[] = [];
  const gate = createGate();
  const open = new Set<Socket>();

  const isToBeCut = (done: Done): boolean => {
    const fitting = planted.filter(({ which }) => fits(which, done));
    for (const each of fitting) each.left -= 1;
    planted = planted.filter(({ left }) => left > 0);
    const isCut = fitting.some(({ left }) => left === 0);
    if (isCut) cuts.push({ at: Date.now(), statement: done.text });
    return isCut;
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({
      host: target.hostname,
      port: Number(target.port || 5432),
      allowHalfOpen: true,
    });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => open.delete(socket));
    }
    const pass = (deliver: () => void) => gate.pass(deliver);
    join({ near, far, pass, isToBeCut });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');

  return {
    url: url.toString(),
    cuts,
    cutAnswer: (which, nth) => void planted.push({ which, left: nth }),
    clear: () => void (planted = []),
    hold: () => gate.hold(),
    letGo: () => gate.letGo(),
    async stop() {
      gate.letGo();
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

function fits(which: Statements, { text, rows }: Done): boolean {
  if (which === 'any') return true;
  return text.includes(which.words) && rows >= which.rows;
}

/** Passes everything in order, or holds it in order. */
function createGate() {
  let isStill = false;
  let waiting: (() => void)[] = [];
  return {
    pass: (deliver: () => void): void => {
      if (isStill) waiting.push(deliver);
      else deliver();
    },
    hold: () => void (isStill = true),
    letGo(): void {
      isStill = false;
      const held = waiting;
      waiting = [];
      for (const deliver of held) deliver();
    },
  };
}

interface Ends {
  readonly near: Socket;
  readonly far: Socket;
  readonly pass: (deliver: () => void) => void;
  readonly isToBeCut: (done: Done) => boolean;
}

function join({ near, far, pass, isToBeCut }: Ends): void {
  const reader = createReader((done) => {
    const isCut = isToBeCut(done);
    if (isCut) for (const socket of [near, far]) socket.destroy();
    return !isCut;
  });
  const write = (to: Socket, bytes: Buffer) => {
    if (to.writable && bytes.length > 0) to.write(bytes);
  };
  near.on('data', (bytes: Buffer) =>
    pass(() => {
      reader.fromClient(bytes);
      write(far, bytes);
    }),
  );
  far.on('data', (bytes: Buffer) => pass(() => write(near, reader.fromServer(bytes))));
  // Also for a broken connection: its earlier data arrives before its end.
  near.once('close', () => pass(() => far.end()));
  near.once('end', () => pass(() => far.end()));
  far.once('close', () => pass(() => near.destroy()));
  far.once('end', () => pass(() => near.end()));
}
