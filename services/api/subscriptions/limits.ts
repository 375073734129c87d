import { InputError, UnavailableError } from '../../lib/errors.js';

export interface SubscriptionLimits {
  readonly perCaller: number;
  readonly overall: number;
}

/**
 * Returns a function that takes a slot for a caller, or throws if there is none. The function it
 * returns releases the slot.
 */
export function createSubscriptionSlots({ perCaller, overall }: SubscriptionLimits) {
  const taken = new Map<string, number>();
  let all = 0;
  return (caller: string): (() => void) => {
    const own = taken.get(caller) ?? 0;
    if (own >= perCaller)
      throw new InputError(
        'FAILED_PRECONDITION',
        `This key already has ${own} subscriptions, the maximum. End one first.`,
      );
    if (all >= overall)
      throw new UnavailableError(
        'This process has reached its limit of subscriptions. Try again later.',
      );
    taken.set(caller, own + 1);
    all += 1;
    return () => {
      const left = (taken.get(caller) ?? 0) - 1;
      if (left > 0) taken.set(caller, left);
      else taken.delete(caller);
      all -= 1;
    };
  };
}

export type Semaphore = <Value>(work: () => Promise<Value>) => Promise<Value>;

/**
 * Creates a first-in, first-out semaphore. It limits concurrent reads for subscribers, so that
 * database connections remain for the workers.
 */
export function createSemaphore(places: number): Semaphore {
  const queue: (() => void)[] = [];
  let free = places;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
