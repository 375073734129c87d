/**
 * A statement that a PostgreSQL has carried out; what it changed is committed where no transaction
 * is open.
 */
export interface Done {
  readonly text: string;
  /** Of its answer. */
  readonly rows: number;
}

/**
 * Follows one connection in both directions:
 * https://www.postgresql.org/docs/current/protocol-message-formats.html. A simple query, and each
 * Sync of an extended one, is answered by exactly one ReadyForQuery; until then its answer is kept
 * back. `isHeard` says whether the client is to have it.
 */
export function createReader(isHeard: (done: Done) => boolean) {
  const texts = new Map<string, string>();
  const asked: string[] = [];
  let text = '';
  let isOpen = false;

  const fromClient = createFrames(
    () => isOpen,
    (type, body) => {
      if (type === OPENING) {
        isOpen = true;
      } else if (type === 'Q') {
        asked.push(stringAt(body, 0));
      } else if (type === 'P') {
        const name = stringAt(body, 0);
        text = stringAt(body, Buffer.byteLength(name) + 1);
        texts.set(name, text);
      } else if (type === 'B') {
        const portal = stringAt(body, 0);
        const name = stringAt(body, Buffer.byteLength(portal) + 1);
        text = texts.get(name) ?? text;
      } else if (type === 'S') {
        asked.push(text);
      }
    },
  );
  let kept: Buffer[] = [];
  let rows = 0;
  let heard: Buffer[] = [];
  const fromServer = createFrames(
    () => true,
    (type, _body, bytes) => {
      kept.push(bytes);
      if (type === 'D') rows += 1;
      const isAnswering = asked.length > 0;
      if (isAnswering && type !== READY) return;
      const done = isAnswering ? asked.shift() : undefined;
      if (done === undefined || isHeard({ text: done, rows })) heard.push(...kept);
      kept = [];
      rows = 0;
    },
  );
  return {
    fromClient,
    /** Gives what the client is to hear now. */
    fromServer(bytes: Buffer): Buffer {
      heard = [];
      fromServer(bytes);
      return Buffer.concat(heard);
    },
  };
}

const OPENING = '';
const READY = 'Z';

/**
 * Calls back with each message that is complete; the first of a client has a length and no type.
 */
function createFrames(
  isTyped: () => boolean,
  onFrame: (type: string, body: Buffer, bytes: Buffer) => void,
): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const from = isTyped() ? 1 : 0;
      if (rest.length < from + 4) return;
      const end = from + rest.readInt32BE(from);
      if (rest.length < end) return;
      const frame = rest.subarray(0, end);
      rest = rest.subarray(end);
      const type = from === 1 ? frame.toString('latin1', 0, 1) : OPENING;
      onFrame(type, frame.subarray(from + 4), frame);
    }
  };
}

function stringAt(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from));
}
