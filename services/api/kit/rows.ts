import { endOfMoment } from '../../lib/moment.js';

export type OrPromise<Value> = Value | Promise<Value>;

interface Batch<Key, Name> {
  readonly keys: Map<Name, Key>;
  readonly done: Promise<void>;
}

/**
 * Reads rows for one request, each once. Rows requested before the microtask queue is empty are
 * read with one statement. A cached row is returned without a promise: a page has thousands of
 * fields, and a promise for each would cost more than all other work.
 */
export class RowLoader<Key, Row, Name = Key> {
  private here = new Map<Name, { readonly row: Row }>();
  /** Promises of rows that are requested or being read. */
  private coming = new Map<Name, Promise<void>>();
  /** The rows of the next read, which has not started yet. */
  private gathering: Batch<Key, Name> | null = null;

  constructor(
    private readonly find: (keys: readonly Key[]) => Promise<readonly Row[]>,
    /** Returns the cache key of a row: the same value for all keys of that row. */
    private readonly nameOf: (key: Key) => Name,
  ) {}

  load(key: Key): OrPromise<Row> {
    const name = this.nameOf(key);
    const { here } = this;
    const known = here.get(name);
    if (known) return known.row;
    return this.bring(name, key).then(() => rowOf(here, name));
  }

  /** Returns the rows in the order of the keys, which may repeat. */
  loadAll(keys: readonly Key[]): OrPromise<readonly Row[]> {
    const { here } = this;
    const rows = () => keys.map((key) => rowOf(here, this.nameOf(key)));
    const coming = this.bringAll(keys);
    return coming === null ? rows() : coming.then(rows);
  }

  /**
   * Reads the rows that are not cached. Resolves when all rows are cached; null if they already
   * are.
   */
  bringAll(keys: readonly Key[]): Promise<unknown> | null {
    const waits = new Set<Promise<void>>();
    for (const key of keys) {
      const name = this.nameOf(key);
      if (!this.here.has(name)) waits.add(this.bring(name, key));
    }
    return waits.size === 0 ? null : Promise.all(waits);
  }

  /** Caches a row that was read without this loader. */
  keep(key: Key, row: Row): void {
    this.here.set(this.nameOf(key), { row });
  }

  /**
   * Clears the cache. Call this after a write. Callers already waiting get the result of the read
   * in progress; later callers start a new read.
   */
  forget(): void {
    this.here = new Map();
    this.coming = new Map();
    this.gathering = null;
  }

  private bring(name: Name, key: Key): Promise<void> {
    const coming = this.coming.get(name);
    if (coming) return coming;
    this.gathering ??= this.startBatch();
    const { keys, done } = this.gathering;
    keys.set(name, key);
    this.coming.set(name, done);
    return done;
  }

  private startBatch(): Batch<Key, Name> {
    const keys = new Map<Name, Key>();
    // This read keeps the current maps. `forget` replaces them after a write, so the read cannot
    // put stale rows into the new maps.
    const { here, coming } = this;
    const read = async () => {
      if (this.gathering?.keys === keys) this.gathering = null;
      const names = [...keys.keys()];
      try {
        const rows = await this.find([...keys.values()]);
        rows.forEach((row, index) => {
          const name = names[index];
          if (name !== undefined) here.set(name, { row });
        });
      } finally {
        for (const name of names) coming.delete(name);
      }
    };
    return { keys, done: endOfMoment().then(read) };
  }
}

/** Caches values that many fields of a request derive from the same rows. */
export class Made<Key, Value> {
  private made = new Map<Key, Value>();

  of(key: Key, make: () => Value): Value {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.made.set(key, value);
    return value;
  }

  /** Clears the cache. Call this after a write. */
  forget(): void {
    this.made = new Map();
  }
}

function rowOf<Name, Row>(here: ReadonlyMap<Name, { readonly row: Row }>, name: Name): Row {
  const found = here.get(name);
  if (found) return found.row;
  throw new Error('a requested row is missing from the result');
}

/** Calls `goOn` at once if the value is cached, else when it has been read. */
export function whenHere<Value, Result>(
  value: OrPromise<Value>,
  goOn: (value: Value) => Result,
): OrPromise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
