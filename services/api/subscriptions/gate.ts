export type Gate = <Value>(work: () => Promise<Value>) => Promise<Value>;

/** Lets so many in at a time, the others in their order: however many subscribe, they leave the database to those who work. */
export function createGate(places: number): Gate {
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
