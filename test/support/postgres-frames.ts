/** One message of PostgreSQL's protocol, version 3. */
export interface Frame {
  /** Empty: a connection's first message, which has none. */
  readonly type: string;
  /** The whole of it, as it is sent on. */
  readonly bytes: Buffer;
  /** Of messages that begin with texts: these. */
  readonly strings: () => readonly string[];
}

const LENGTH = 4;

/**
 * Cuts a stream into its messages; what is not complete waits for the rest. `hasTypes`: also the
 * first message has a type.
 */
export function readFrames(stream: {
  readonly hasTypes: boolean;
}): (bytes: Buffer) => readonly Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  let typeLength = stream.hasTypes ? 1 : 0;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const frames: Frame[] = [];
    while (rest.length >= typeLength + LENGTH) {
      const end = typeLength + rest.readUInt32BE(typeLength);
      if (rest.length < end) break;
      frames.push(frameOf(rest.subarray(0, end), typeLength));
      rest = rest.subarray(end);
      typeLength = 1;
    }
    return frames;
  };
}

function frameOf(bytes: Buffer, typeLength: number): Frame {
  return {
    type: bytes.toString('latin1', 0, typeLength),
    bytes,
    strings: () =>
      bytes
        .toString('utf8', typeLength + LENGTH)
        .split('\0')
        .slice(0, 2),
  };
}
