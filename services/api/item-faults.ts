import { InputError } from '../lib/errors.js';
import { checkList } from './inputs/checks.js';

/** What one item of a list says, or what is wrong with it. */
export type Item<Said> =
  | { readonly said: Said; readonly fault: null }
  | { readonly said: null; readonly fault: InputError };

/** Reads each item for itself: a bad one is told in its own result and does not spoil the others. */
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
 * Items that speak of the same thing without telling which of them is right: none of them counts, for whichever was taken might
 * give what the other takes away. `keyOf` is null for an item that may stand beside others.
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

/** Of those that can be read, in their order. */
export function saidOf<Said>(items: readonly Item<Said>[]): readonly Said[] {
  return items.flatMap((item) => (item.fault === null ? [item.said] : []));
}
