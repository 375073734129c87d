import 'vitest';

import type { ProvidedBroker } from './broker.setup.js';
import type { ProvidedBrowser } from './browser.setup.js';

declare module 'vitest' {
  /** What the global setups hand to tests: `inject('postgresUrl')`. */
  interface ProvidedContext {
    /** A server on which the tests may make and drop databases. */
    postgresUrl: string;
    /** Part of the names of this run's databases, so that two runs may share a server. */
    postgresRun: string;
    broker: ProvidedBroker;
    browser: ProvidedBrowser;
  }
}
