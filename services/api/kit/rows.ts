import { endOfMoment } from '../../lib/moment.js';

export type OrPromise<Value> = Value | Promise<Value>;

interface Batch<Key, Name> {
  readonly keys: Map<Name, Key>;
  readonly done: Promise<void>;
}

/**
 * RowLoader of one request: each is read once, and all rows requested in the same microtask are one
 * statement. A cached row is returned directly: a page has thousands of fields, and a promise for
 * each costs more than all other work.
 */
export class RowLoader<Key, Row, Name = Key> {
  private here = new Map<Name, { readonly row: Row }>();
  /** RowLoader requested or being read, with their promises. */
  private coming = new Map<Name, Promise<void>>();
  /** RowLoader requested in this microtask. */
  private gathering: Batch<Key, Name> | null = null;

  constructor(
    private readonly find: (keys: readonly Key[]) => Promise<readonly Row[]>,
    /** Equal for two keys of the same row. */
    private readonly nameOf: (key: Key) => Name,
  ) {}

  load(key: Key): OrPromise<Row> {
    const name = this.nameOf(key);
    const { here } = this;
    const known = here.get(name);
    if (known) return known.row;
    return this.bring(name, key).then(() => rowOf(here, name));
  }

  /** In the order of the keys, which may repeat. */
  loadAll(keys: readonly Key[]): OrPromise<readonly Row[]> {
    const { here } = this;
    const rows = () => keys.map((key) => rowOf(here, this.nameOf(key)));
    const coming = this.bringAll(keys);
    return coming === null ? rows() : coming.then(rows);
  }

  /** Resolves when all of them are here; null: they are. */
  bringAll(keys: readonly Key[]): Promise<unknown> | null {
    const waits = new Set<Promise<void>>();
    for (const key of keys) {
      const name = this.nameOf(key);
      if (!this.here.has(name)) waits.add(this.bring(name, key));
    }
    return waits.size === 0 ? null : Promise.all(waits);
  }

  /** A row that was read otherwise. */
  keep(key: Key, row: Row): void {
    this.here.set(this.nameOf(key), { row });
  }

  /** After a write: pending callers get the read in flight, later callers a new one. */
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
    // The current generation: a write starts a new one, so that earlier reads stay out of it.
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

/** A value derived once per request, though many fields need it. */
export class Made<Key, Value> {
  private made = new Map<Key, Value>();

  of(key: Key, make: () => Value): Value {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.made.set(key, value);
    return value;
  }

  /** After a write. */
  forget(): void {
    this.made = new Map();
  }
}

function rowOf<Name, Row>(here: ReadonlyMap<Name, { readonly row: Row }>, name: Name): Row {
  const found = here.get(name);
  if (found) return found.row;
  throw new Error('a requested row is missing from the result');
}

/** Resolves from the cache, else when the read completes. */
export function whenHere<Value, Result>(
  value: OrPromise<Value>,
  goOn: (value: Value) => Result,
): OrPromise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
