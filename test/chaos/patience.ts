import { setTimeout as sleep } from 'node:timers/promises';

import { isAway } from '../../services/store/connection/away.js';
import { patienceMs } from '../support/eventually.js';

/**
 * Repeats a query of the test itself while the database is unreachable, so that an outage of the
 * world, or a slow connection under load, does not count as a fault of the service. Fails after the
 * test deadline. Only for operations that may run twice: the answer to the first may be lost.
 */
export async function patiently<T>(ask: () => Promise<T>, withinMs = patienceMs()): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error) || Date.now() > untilMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

const PAUSE_MS = 50;

/** The same store, whose calls are repeated while the database is unreachable. */
export function patientStore<T extends object>(store: T): T {
  return new Proxy(store, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name);
      if (typeof value === 'function')
        return (...words: unknown[]): unknown =>
          repeated(() => Reflect.apply(value, target, words));
      return typeof value === 'object' && value !== null ? patientStore(value) : value;
    },
  });
}

/** Calls that answer at once do not ask the database. */
function repeated(call: () => unknown): unknown {
  const answer = call();
  if (!(answer instanceof Promise)) return answer;
  let next: Promise<unknown> | null = answer;
  return patiently(async () => {
    const mine = next ?? call();
    next = null;
    return mine;
  });
}
