import type { FactVerdict } from '../model.js';
import type { FactResult } from './types/fact-payloads.types.js';

const VERDICTS = {
  applied: 'APPLIED',
  unchanged: 'UNCHANGED',
  stale: 'STALE',
} as const;

export const STALE_MESSAGE =
  'A fact that outranks this one stood already; nothing changed.';

/** One for each fact, in the order given: a repeated fact is fine, one that lost is a conflict. */
export function factResults(verdicts: readonly FactVerdict[]): FactResult[] {
  return verdicts.map((verdict, index) => ({
    index,
    ok: verdict !== 'stale',
    verdict: VERDICTS[verdict],
    error:
      verdict === 'stale' ? { code: 'CONFLICT', message: STALE_MESSAGE } : null,
  }));
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
