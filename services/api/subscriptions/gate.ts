export type Semaphore = <Value>(work: () => Promise<Value>) => Promise<Value>;

/**
 * Limits concurrency in order of arrival, so that subscribers leave database connections to the
 * workers.
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
