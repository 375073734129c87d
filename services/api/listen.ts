import type { FastifyInstance } from 'fastify';

interface Place {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Says in the words of the settings why it cannot. */
export async function listen(
  app: FastifyInstance,
  { host, port }: Place,
): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError({ host, port }, error);
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host is known',
  EACCES: 'the system does not allow it',
};

function listenError({ host, port }: Place, cause: unknown): Error {
  const code =
    cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = LISTEN_FAULTS[code] ?? (code || 'for an unknown reason');
  return new Error(`cannot listen on HOST ${host}, PORT ${port}: ${why}`, {
    cause,
  });
}
