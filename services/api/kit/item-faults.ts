import { InputError } from '../../lib/errors.js';
import { checkList } from './checks.js';

/** One parsed item of a list, or its error. */
export type Item<Said> =
  | { readonly said: Said; readonly fault: null }
  | { readonly said: null; readonly fault: InputError };

/** Parses each item on its own, so that one invalid item does not affect the others. */
export function readItems<Given, Said>(
  given: readonly Given[],
  field: string,
  read: (item: Given, at: string) => Said,
): readonly Item<Said>[] {
  return checkList(given, field).map((item, index) => {
    try {
      return { said: read(item, `${field}[${index}]`), fault: null };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { said: null, fault: error };
    }
  });
}

/**
 * Items that contradict each other, with no order between them: all are rejected, because either
 * choice could grant what the other revokes. `keyOf` is null for an item that may be repeated.
 */
export function refuseTwins<Said>(
  items: readonly Item<Said>[],
  its: {
    readonly keyOf: (said: Said) => string | null;
    readonly fieldOf: (index: number) => string;
    readonly why: string;
  },
): readonly Item<Said>[] {
  const places = new Map<string, number[]>();
  for (const [index, { said }] of items.entries()) {
    const key = said === null ? null : its.keyOf(said);
    if (key === null) continue;
    const known = places.get(key);
    if (known) known.push(index);
    else places.set(key, [index]);
  }
  const refused = [...items];
  for (const twins of places.values()) {
    const [first = 0, second] = twins;
    if (second === undefined) continue;
    for (const index of twins) {
      const other = its.fieldOf(index === first ? second : first);
      const message = `${other} names the same thing. ${its.why}`;
      refused[index] = {
        said: null,
        fault: new InputError('BAD_USER_INPUT', message, its.fieldOf(index)),
      };
    }
  }
  return refused;
}

/** The valid items, in order. */
export function saidOf<Said>(items: readonly Item<Said>[]): readonly Said[] {
  return items.flatMap((item) => (item.fault === null ? [item.said] : []));
}
