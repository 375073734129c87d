/** A process of its own: takes records as the event consumer does, into a real store. */
import { openTestStore } from '../../test/support/store.js';
import { takeHostile } from '../../test/hostile/take-events.js';

process.channel?.ref();
const store = await openTestStore(process.argv[2] ?? '', { poolSize: 2 });
process.on('message', (message: unknown) => {
  if (Array.isArray(message)) void take(message);
});
process.send?.({ isReady: true });

async function take(records: Parameters<typeof takeHostile>[0]): Promise<void> {
  const began = performance.now();
  const taken = await takeHostile(
    // what crosses the channel as bytes comes out as such, not as the class of Node
    records.map((record) => ({
      ...record,
      value: record.value && Buffer.from(record.value),
      headers: Object.fromEntries(
        Object.entries(record.headers).map(([name, value]) => [
          name,
          value instanceof Uint8Array ? Buffer.from(value) : value.map((each) => Buffer.from(each)),
        ]),
      ),
    })),
    store.applyFacts,
  );
  process.send?.({ taken, ms: performance.now() - began });
}
