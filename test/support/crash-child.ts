import { reconcilePath } from '../../services/connector/path.js';
import { silentLogger } from '../../services/lib/logger.js';
import { openCrashStore, openGateway } from './crash-parts.js';
import { withFaultPoints, type FaultPoint } from './fault-points.js';
import { noOAuth } from './no-oauth.js';

/** What the first process of a crash is told. */
export interface CrashOrder {
  readonly databaseUrl: string;
  readonly leaseMs: number;
  /** Where it kills itself, the first time it comes by. */
  readonly killAt?: FaultPoint;
}

// The path in a process of its own, with fault points around everything it asks of the world.
// Prints each point it passes, and "working" once it does; SIGTERM stops it in order.
const order: CrashOrder = JSON.parse(process.argv[2] ?? '{}');
const passed = new Set<FaultPoint>();

const store = await openCrashStore(order.databaseUrl, order.leaseMs);
const gateway = openGateway(store);
const path = reconcilePath(silentLogger, {
  store: {
    ...store,
    memory: withFaultPoints('memory', store.memory, pass),
    jobs: withFaultPoints('jobs', store.jobs, pass),
    signIn: {
      ...store.signIn,
      grants: withFaultPoints('grants', store.signIn.grants, pass),
    },
  },
  gateway: {
    ...withFaultPoints('discord', gateway, pass),
    writeOutlook: gateway.writeOutlook,
    onPause: gateway.onPause.bind(gateway),
  },
  oauth: noOAuth,
});
process.once('SIGTERM', () => void stop());
await path.start();
console.log('working');

async function pass(point: FaultPoint): Promise<void> {
  if (passed.has(point)) return;
  passed.add(point);
  if (point === order.killAt) {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined); // nothing more may be done until the signal is there
  }
  console.log(point);
}

async function stop(): Promise<void> {
  await path.stop();
  await gateway.stop();
  await store.stop();
}
