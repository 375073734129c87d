import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { readFrames } from './postgres-frames.js';

/**
 * A way to PostgreSQL that loses answers. It can cut a connection after the server has carried a
 * statement out and before the answer gets through, and it can pause: then what was sent arrives
 * later, though its sender may have gone.
 */
export interface AnswerCutter {
  /** The same database by this way. */
  readonly url: string;
  /** What was sent since `forget`, each statement once, in the order of its first coming. */
  statements(): readonly string[];
  forget(): void;
  /**
   * Resolves when this statement has come by, was carried out, and its answer is lost with its
   * connection. Of one that is sent again and again it is an answer about as long as the longest so
   * far: where work was found, not where there was none.
   */
  cutAfter(statement: string): Promise<void>;
  /**
   * Resolves when such an answer has come: it and all that follows waits, in both directions, for
   * `resume`.
   */
  pauseAfter(statement: string): Promise<void>;
  resume(): void;
  dropConnections(): void;
  stop(): Promise<void>;
}

export async function createAnswerCutter(databaseUrl: string): Promise<AnswerCutter> {
  const target = new URL(databaseUrl);
  const way: Way = { longest: new Map(), armed: null, held: null };
  const connections = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [near, far]) {
      // Else the many small messages of the protocol wait 40 ms for each other.
      connections.add(socket.setNoDelay());
      socket.once('close', () => connections.delete(socket));
    }
    joinEnds(way, near, far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : 0);
  const dropConnections = () => {
    for (const socket of connections) socket.destroy();
  };
  const arm = async (statement: string, isCut: boolean) =>
    new Promise<void>((happened) => {
      way.armed = { statement, isCut, happened };
    });
  return {
    url: url.toString(),
    statements: () => [...way.longest.keys()],
    forget: () => way.longest.clear(),
    cutAfter: (statement) => arm(statement, true),
    pauseAfter: (statement) => arm(statement, false),
    resume: () => {
      const held = way.held ?? [];
      way.held = null;
      for (const act of held) act();
    },
    dropConnections,
    async stop() {
      server.close();
      dropConnections();
      await once(server, 'close');
    },
  };
}

interface Way {
  /** How long the longest answer to each statement was, in bytes. */
  readonly longest: Map<string, number>;
  armed: {
    readonly statement: string;
    readonly isCut: boolean;
    readonly happened: () => void;
  } | null;
  /** What waits for the end of a pause, in its order; null: nothing is held. */
  held: (() => void)[] | null;
}

function joinEnds(way: Way, near: Socket, far: Socket): void {
  const asked = new Asked();
  const inTurn = (act: () => void) => {
    if (way.held === null) act();
    else way.held.push(act);
  };
  near.on('error', () => undefined);
  far.on('error', () => undefined);
  near.on('data', (bytes) => {
    asked.read(bytes);
    inTurn(() => far.write(bytes));
  });
  // What was sent before its sender went arrives all the same.
  near.once('close', () => inTurn(() => far.end()));
  far.once('close', () => inTurn(() => near.destroy()));
  const answers = new Answers(way, asked, {
    pass: (bytes) => inTurn(() => near.write(bytes)),
    cut: (then) =>
      inTurn(() => {
        near.destroy();
        far.destroy();
        then();
      }),
  });
  far.on('data', (bytes) => answers.read(bytes));
}

/** What one connection has asked and not been answered, by name. */
class Asked {
  /** The start of a connection is answered as a statement is. */
  readonly #waiting: string[] = [''];
  readonly #prepared = new Map<string, string>();
  readonly #frames = readFrames({ hasTypes: false });
  #text = '';
  #before = '';

  read(bytes: Buffer): void {
    for (const { type, strings } of this.#frames(bytes)) {
      const [first = '', second = ''] = strings();
      if (type === 'Q') this.#ask(first);
      if (type === 'P') this.#prepared.set(first, second);
      if (type === 'P') this.#text = second;
      if (type === 'B') this.#text = this.#prepared.get(second) ?? this.#text;
      if (type === 'S') this.#ask(this.#text);
    }
  }

  next(): string {
    return this.#waiting[0] ?? '';
  }

  answered(): string {
    return this.#waiting.shift() ?? '';
  }

  /** A commit is named by what it commits. */
  #ask(text: string): void {
    const words = text
      .replaceAll(/'[^']*'/g, '?')
      .replaceAll(/\s+/g, ' ')
      .trim();
    const isCommit = /^commit$/i.test(words);
    this.#waiting.push(isCommit ? `commit after ${this.#before}` : words);
    this.#before = words;
  }
}

interface Ways {
  pass(bytes: Buffer): void;
  cut(then: () => void): void;
}

/** Ids and times make one answer a little longer than another. */
const ABOUT = 0.75;
/** ReadyForQuery */
const END_OF_ANSWER = 'Z';

/** Passes answers on; one that may have to be lost is kept until it is whole. */
class Answers {
  readonly #frames = readFrames({ hasTypes: true });
  #kept: Buffer[] = [];
  #length = 0;

  constructor(
    readonly way: Way,
    readonly asked: Asked,
    readonly ways: Ways,
  ) {}

  read(bytes: Buffer): void {
    for (const frame of this.#frames(bytes)) {
      this.#kept.push(frame.bytes);
      this.#length += frame.bytes.length;
      if (frame.type === END_OF_ANSWER) this.#end();
      else if (this.way.armed?.statement !== this.asked.next()) this.#pass();
    }
  }

  #end(): void {
    const statement = this.asked.answered();
    const { armed, longest } = this.way;
    const most = Math.max(longest.get(statement) ?? 0, this.#length);
    const isLong = this.#length >= ABOUT * most;
    this.#length = 0;
    if (statement !== '') longest.set(statement, most);
    if (armed?.statement !== statement || !isLong) return this.#pass();
    this.way.armed = null;
    if (armed.isCut) return this.ways.cut(armed.happened);
    this.way.held ??= [];
    this.#pass();
    armed.happened();
  }

  #pass(): void {
    for (const bytes of this.#kept) this.ways.pass(bytes);
    this.#kept = [];
  }
}
