import type { FactVerdict } from '../../model.js';

/** Since the process started. A redelivered record counts again. */
export interface EventCounts {
  readonly applied: number;
  readonly unchanged: number;
  readonly stale: number;
  readonly partial: number;
  readonly skipped: number;
  readonly deadLettered: number;
}

export interface EventCounter {
  countVerdicts(verdicts: readonly FactVerdict[]): void;
  countRest(rest: Pick<EventCounts, 'skipped' | 'deadLettered'>): void;
  counts(): EventCounts;
}

export function createEventCounter(): EventCounter {
  const counts = {
    applied: 0,
    unchanged: 0,
    stale: 0,
    partial: 0,
    skipped: 0,
    deadLettered: 0,
  };
  return {
    countVerdicts: (verdicts) => {
      for (const verdict of verdicts) counts[verdict] += 1;
    },
    countRest: ({ skipped, deadLettered }) => {
      counts.skipped += skipped;
      counts.deadLettered += deadLettered;
    },
    counts: () => ({ ...counts }),
  };
}
