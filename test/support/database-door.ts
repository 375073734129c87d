import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { createReader, type Done } from './database-frames.js';

/**
 * Which statements: any, or those whose text holds these words and whose answer has at least so
 * many rows.
 */
export type Statements = 'any' | { readonly words: string; readonly rows: number };

/**
 * A connection that broke when the server had carried the statement out, before its caller had the
 * answer.
 */
export interface Cut {
  readonly at: number;
  readonly statement: string;
}

/**
 * The way to a PostgreSQL, which may break in the one moment that hurts: after a statement is done
 * and before its answer is heard. It may also stand still: what is on its way then arrives later,
 * also when its sender has long hung up, as with a server that was stopped and goes on. Reads the
 * protocol as far as it must; connections are in plain text.
 */
export interface DatabaseDoor {
  /** The same database, by way of the door. */
  readonly url: string;
  readonly cuts: readonly Cut[];
  /** Of such statements, counted from now, the answer to this one is lost: 1 is the next. */
  cutAnswer(which: Statements, nth: number): void;
  /** What was planted and not met yet is forgotten. */
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

/** Everything passes in its order, or waits in its order. */
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
  // Also of a connection that broke: what was sent before arrives before its end.
  near.once('close', () => pass(() => far.end()));
  near.once('end', () => pass(() => far.end()));
  far.once('close', () => pass(() => near.destroy()));
  far.once('end', () => pass(() => near.end()));
}
