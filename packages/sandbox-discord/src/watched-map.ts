import { isDeepStrictEqual } from 'node:util';

/** Either record is undefined if the key was added or removed. */
export type Replaced<Value> = {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
};

/** A map that reports every added, replaced and removed record, but no record set to an equal one. */
export function watchedMap<Value extends object>(
  items: Iterable<readonly [string, Value]>,
  onReplaced: (change: Replaced<Value>, key: string) => void,
): Map<string, Value> {
  return new WatchedMap(items, onReplaced);
}

class WatchedMap<Value extends object> extends Map<string, Value> {
  readonly #onReplaced: (change: Replaced<Value>, key: string) => void;

  constructor(
    items: Iterable<readonly [string, Value]>,
    onReplaced: (change: Replaced<Value>, key: string) => void,
  ) {
    super();
    for (const [key, value] of items) super.set(key, value);
    this.#onReplaced = onReplaced;
  }

  override set(key: string, after: Value): this {
    const before = this.get(key);
    super.set(key, after);
    if (!isDeepStrictEqual(before, after)) this.#onReplaced({ before, after }, key);
    return this;
  }

  override delete(key: string): boolean {
    const before = this.get(key);
    const isDeleted = super.delete(key);
    if (isDeleted) this.#onReplaced({ before, after: undefined }, key);
    return isDeleted;
  }
}
