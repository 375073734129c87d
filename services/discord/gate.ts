/**
 * One call of a bucket at a time; the others wait here, in the order they came, and not in the REST client's own queue,
 * where nothing could refuse them. A closed bucket refuses at once: pacing belongs to whoever calls.
 */
export interface Gate {
  /** Resolves when it is this caller's turn, or when it will not be. */
  enter(bucket: string, signal: AbortSignal): Promise<Entry>;
  /** Nobody enters this bucket before `until`; those who wait are refused. */
  close(bucket: string, until: number): void;
  closeAll(until: number): void;
}

export type Entry =
  | { readonly kind: 'entered'; readonly leave: () => void }
  | { readonly kind: 'closed'; readonly until: number }
  | { readonly kind: 'aborted' };

interface Bucket {
  isTaken: boolean;
  closedUntil: number;
  /** Oldest first. */
  readonly waiting: Set<(entry: Entry) => void>;
}

export function createGate({ clock }: { readonly clock: () => number }): Gate {
  const buckets = new Map<string, Bucket>();
  let allClosedUntil = 0;

  const bucketOf = (name: string): Bucket => {
    const known = buckets.get(name);
    if (known) return known;
    const bucket: Bucket = {
      isTaken: false,
      closedUntil: 0,
      waiting: new Set(),
    };
    buckets.set(name, bucket);
    return bucket;
  };

  const take = (name: string, bucket: Bucket): Entry => {
    bucket.isTaken = true;
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      bucket.isTaken = false;
      admitNext(name, bucket);
    };
    return { kind: 'entered', leave };
  };

  const admitNext = (name: string, bucket: Bucket) => {
    const [next] = bucket.waiting;
    if (next) return next(take(name, bucket));
    if (bucket.closedUntil <= clock()) buckets.delete(name);
  };

  const refuseWaiting = (bucket: Bucket, until: number) => {
    for (const answer of bucket.waiting) answer({ kind: 'closed', until });
  };

  return {
    enter(name, signal) {
      const bucket = bucketOf(name);
      const until = Math.max(bucket.closedUntil, allClosedUntil);
      if (signal.aborted) return Promise.resolve({ kind: 'aborted' });
      if (until > clock()) return Promise.resolve({ kind: 'closed', until });
      if (!bucket.isTaken) return Promise.resolve(take(name, bucket));
      return waitForTurn(bucket.waiting, signal);
    },
    close(name, until) {
      const bucket = bucketOf(name);
      bucket.closedUntil = Math.max(bucket.closedUntil, until);
      refuseWaiting(bucket, bucket.closedUntil);
    },
    closeAll(until) {
      allClosedUntil = Math.max(allClosedUntil, until);
      for (const bucket of buckets.values()) {
        refuseWaiting(bucket, allClosedUntil);
      }
    },
  };
}

function waitForTurn(
  waiting: Bucket['waiting'],
  signal: AbortSignal,
): Promise<Entry> {
  return new Promise((resolve) => {
    const abort = () => settle({ kind: 'aborted' });
    const settle = (entry: Entry) => {
      waiting.delete(settle);
      signal.removeEventListener('abort', abort);
      resolve(entry);
    };
    waiting.add(settle);
    signal.addEventListener('abort', abort);
  });
}
