import type { FactOutcome } from '../model.js';
import type { BrokenRecord, FactRecord } from './event-chunks.js';
import { hasCode } from './persist.js';
import type { ApplyFacts } from './ports.js';

/** The store's code for a fact that it refuses for what it says. */
export const UNREADABLE = 'UNREADABLE_FACT';

export interface AppliedChunk {
  readonly outcomes: readonly FactOutcome[];
  /** Facts that the store refuses for what they say. */
  readonly refused: readonly BrokenRecord[];
}

/**
 * Applies all facts in their order. If the store refuses some for what they say, the transaction is halved until each of them
 * stands alone; order inside the partition is kept, as the first half goes first.
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
