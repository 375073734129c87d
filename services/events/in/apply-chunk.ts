import type { FactOutcome } from '../../model.js';
import type { BrokenRecord, FactRecord } from './event-chunks.js';
import { hasCode } from './persist.js';
import type { ApplyFacts } from '../ports.js';

/** The store's error code for a fact whose content it rejects. */
export const UNREADABLE = 'UNREADABLE_FACT';

export interface AppliedChunk {
  readonly outcomes: readonly FactOutcome[];
  /** Facts whose content the store rejects. */
  readonly refused: readonly BrokenRecord[];
}

/**
 * Applies all facts in order. If the store rejects some for their content, the transaction is
 * halved until each of those is alone. The first half goes first, so order within the partition is
 * kept.
 */
export async function applyChunk(
  facts: readonly FactRecord[],
  applyFacts: ApplyFacts,
): Promise<AppliedChunk> {
  const outcomes: FactOutcome[] = [];
  const refused: BrokenRecord[] = [];
  const waiting = facts.length > 0 ? [facts] : [];
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    try {
      outcomes.push(...(await applyFacts(part.map(({ fact }) => fact))));
    } catch (error) {
      if (!hasCode(error, UNREADABLE)) throw error;
      const [first] = part;
      if (first && part.length === 1) {
        refused.push({ record: first.record, reason: error.message });
        continue;
      }
      const middle = Math.ceil(part.length / 2);
      waiting.unshift(part.slice(0, middle), part.slice(middle));
    }
  }
  return { outcomes, refused };
}
