import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance } from 'fastify';

/** `reconcileDiscordUser` may wait this long for an outcome. */
const WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Stops accepting connections, completes requests in flight, then closes. Idle keep-alive
 * connections close at once; requests over the time limit are cut off.
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

/** Runs first when Apollo stops, so that its operations still get responses. */
export function closeWithApollo<Context extends object>(
  app: FastifyInstance,
): ApolloServerPlugin<Context> {
  return { serverWillStart: async () => ({ drainServer: async () => closeGently(app) }) };
}
