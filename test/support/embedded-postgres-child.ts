import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';

// A process of its own, for tests that kill it. Says its server's address and number in one line,
// then waits. The second argument gives the ways to start it, for a server that outlives its
// process.
const [dataDir = '', ways] = process.argv.slice(2);
const server = createEmbeddedPostgres({
  dataDir,
  settings: { fsync: 'off' },
  logger: silentLogger,
  ...(ways && { ways: JSON.parse(ways) }),
});
console.log(JSON.stringify(await server.start()));
