import type { Duplex } from 'node:stream';

import type { Client, PoolClient } from 'pg';

/**
 * The socket of a connection, for operations the driver does not offer; null if the driver no
 * longer exposes it.
 */
export function streamOf(client: Client | PoolClient): Duplex | null {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = Object(connection).stream;
  return isDuplex(stream) ? stream : null;
}

function isDuplex(stream: unknown): stream is Duplex {
  return (
    typeof stream === 'object' &&
    stream !== null &&
    ['cork', 'uncork', 'destroy'].every((name) => typeof Reflect.get(stream, name) === 'function')
  );
}
