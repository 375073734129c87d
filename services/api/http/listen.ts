import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance } from 'fastify';

import type { Part, Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import type { ApiObservers } from '../limits/meter.js';
import type { HealthPort } from '../ports.js';
import { createHttp } from './http.js';

interface Place {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/**
 * Starts listening. Errors name the settings HOST and PORT, so that an admin knows what to change.
 */
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

/**
 * How long shutdown waits for requests in flight. The longest one, `reconcileDiscordUser`, waits up
 * to 5 s for an outcome.
 */
const WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Stops accepting connections, completes requests in flight, then closes. Idle keep-alive
 * connections are closed at once. After `withinMs`, requests still in flight are cut off.
 */
export async function closeGently(
  app: FastifyInstance,
  withinMs: number = WITHIN_MS,
): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), LOOK_EVERY_MS);
  const limit = setTimeout(() => app.server.closeAllConnections(), withinMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(limit);
  }
}

/**
 * Creates a plugin that closes the HTTP server before Apollo stops, so that operations in flight
 * still get responses.
 */
export function closeWithApollo<Context extends object>(
  app: FastifyInstance,
): ApolloServerPlugin<Context> {
  return { serverWillStart: async () => ({ drainServer: async () => closeGently(app) }) };
}

/** Creates the HTTP server of a process without the API. It serves health and metrics only. */
export function createHealthServer(deps: {
  readonly health: HealthPort;
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
  readonly observers?: ApiObservers;
}): Part {
  let app: FastifyInstance | null = null;
  return {
    name: 'http',
    async start() {
      const next = await createHttp({ ...deps, isHttps: false });
      await listen(next, deps);
      app = next;
    },
    async stop() {
      const open = app;
      app = null;
      if (open !== null) await closeGently(open);
    },
    ready: (): Readiness => (app === null ? { ok: false, reason: 'not listening' } : { ok: true }),
  };
}
