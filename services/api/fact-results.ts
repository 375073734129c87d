import type { FactVerdict } from '../model.js';
import type { FactVerdictName } from './enums.js';
import type { Item } from './item-faults.js';
import type { FactCounts, FactResult } from './types/fact-payloads.types.js';

const VERDICTS = {
  applied: 'APPLIED',
  unchanged: 'UNCHANGED',
  stale: 'STALE',
} as const;

export const STALE_MESSAGE =
  'A fact that outranks this one stood already; nothing changed.';

/** One for each item, in the order given: a repeated fact is fine, one that lost is a conflict. `verdicts` are of those that can be read. */
export function factResults(
  items: readonly Item<unknown>[],
  verdicts: readonly FactVerdict[],
): FactResult[] {
  let next = 0;
  return items.map(({ fault }, index) => {
    if (fault !== null) {
      const { code, message, field = null } = fault;
      const error = { code, message, field };
      return { index, ok: false, verdict: 'INVALID', error };
    }
    const verdict = verdicts[next++];
    if (verdict === undefined)
      throw new Error(`${items.length} items got too few verdicts`);
    return { index, ...resultOf(verdict) };
  });
}

function resultOf(verdict: FactVerdict): Omit<FactResult, 'index'> {
  const isStale = verdict === 'stale';
  return {
    ok: !isStale,
    verdict: VERDICTS[verdict],
    error: isStale
      ? { code: 'CONFLICT', message: STALE_MESSAGE, field: null }
      : null,
  };
}

export function countResults(results: readonly FactResult[]): FactCounts {
  const count = (name: FactVerdictName) =>
    results.filter(({ verdict }) => verdict === name).length;
  return {
    applied: count('APPLIED'),
    unchanged: count('UNCHANGED'),
    stale: count('STALE'),
    invalid: count('INVALID'),
  };
}

/** Whom the applied facts are about, each once. */
export function changedIds<Fact>(
  facts: readonly Fact[],
  verdicts: readonly FactVerdict[],
  idOf: (fact: Fact) => string,
): readonly string[] {
  const applied = facts.filter((_, index) => verdicts[index] === 'applied');
  return [...new Set(applied.map(idOf))];
}
