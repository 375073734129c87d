/** A statement on its way to a PostgreSQL; the first of a connection opens it. */
export interface Ask {
  readonly text: string;
  readonly isOpening: boolean;
}

interface Listening {
  readonly onAsk: (ask: Ask) => void;
  /** Whether the client is to hear what the server says now. */
  readonly isHeard: () => boolean;
  /** The oldest ask is answered, and what it changed is committed where no transaction is open. */
  readonly onDone: () => void;
}

/**
 * Follows one connection in both directions: https://www.postgresql.org/docs/current/protocol-message-formats.html. A simple query,
 * and each Sync of an extended one, is answered by exactly one ReadyForQuery.
 */
export function createReader({ onAsk, isHeard, onDone }: Listening) {
  const texts = new Map<string, string>();
  let text = '';
  let isOpen = false;

  const fromClient = createFrames(
    () => isOpen,
    (type, body) => {
      if (type === OPENING) {
        isOpen = true;
        onAsk({ text: 'open', isOpening: true });
      } else if (type === 'Q') {
        onAsk({ text: stringAt(body, 0), isOpening: false });
      } else if (type === 'P') {
        const name = stringAt(body, 0);
        text = stringAt(body, Buffer.byteLength(name) + 1);
        texts.set(name, text);
      } else if (type === 'B') {
        const portal = stringAt(body, 0);
        const name = stringAt(body, Buffer.byteLength(portal) + 1);
        text = texts.get(name) ?? text;
      } else if (type === 'S') {
        onAsk({ text, isOpening: false });
      }
    },
  );
  let heard: Buffer[] = [];
  const fromServer = createFrames(
    () => true,
    (type, _body, bytes) => {
      if (isHeard()) heard.push(bytes);
      if (type === READY) onDone();
    },
  );
  return {
    fromClient,
    /** Gives what the client is to hear of it. */
    fromServer(bytes: Buffer): Buffer {
      heard = [];
      fromServer(bytes);
      return Buffer.concat(heard);
    },
  };
}

const OPENING = '';
const READY = 'Z';

/** Calls back with each message that is complete; the first of a client has a length and no type. */
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
