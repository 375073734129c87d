import { startChaosPath } from './path-parts.js';

// The path of a random world in a process of its own. Prints "working" once it is ready, `null 123`
// when it gave up a call and `429 123` when Discord asked it to wait. SIGTERM stops it in order.
const [databaseUrl = '', name = ''] = process.argv.slice(2);
const stop = await startChaosPath(databaseUrl, name, (status, atMs) =>
  console.log(`${status} ${atMs}`),
);
process.once('SIGTERM', () => void stop());
console.log('working');
