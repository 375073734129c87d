import type { FastifyInstance } from 'fastify';

interface Place {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Explains a failure to listen in terms of the settings. */
export async function listen(app: FastifyInstance, { host, port }: Place): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError({ host, port }, error);
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is already in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'unknown host',
  EACCES: 'permission denied',
};

function listenError({ host, port }: Place, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = LISTEN_FAULTS[code] ?? (code || 'unknown reason');
  return new Error(`cannot listen on HOST ${host}, PORT ${port}: ${why}`, { cause });
}
