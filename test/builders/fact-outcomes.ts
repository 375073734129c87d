import type { FactLoss, FactOutcome } from '../../services/model.js';

export const APPLIED: FactOutcome = { verdict: 'applied', losses: [] };
export const UNCHANGED: FactOutcome = { verdict: 'unchanged', losses: [] };

/** Outranked by a fact about one group, with sequence 10. */
export const STALE: FactOutcome = {
  verdict: 'stale',
  losses: [addedWithSequence(10)],
};

export function addedWithSequence(sequence: number, groupId = 'pilots'): FactLoss {
  return {
    groupId,
    order: { sequence: null, timeUs: 2_000_000, isMutation: true },
    outrankedBy: {
      kind: 'membership',
      order: { sequence, timeUs: 1_000_000 },
      isSnapshot: false,
      isHeld: true,
    },
  };
}
