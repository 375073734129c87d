import type { FastifyInstance } from 'fastify';

import type { Part, Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import { closeGently } from './close-gently.js';
import { createHttp } from './http.js';
import { listen } from './listen.js';
import type { ApiObservers } from '../kit/observers.js';
import type { HealthPort } from '../ports.js';

/** HTTP server of a process without the API: health only. */
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
