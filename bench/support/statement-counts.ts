import type { OnStatement } from '../../services/store/connection/observe-pool.js';

export interface StatementCounts {
  readonly statements: number;
  /** How often the service waited for the database: once for statements sent together. */
  readonly waits: number;
}

/** Counts the statements of a store since `reset`. */
export interface StatementCounter {
  readonly onStatement: OnStatement;
  reset(): void;
  counts(): StatementCounts;
}

export function createStatementCounter(): StatementCounter {
  let statements = 0;
  let waits = 0;
  let answeredMs = 0;
  return {
    onStatement({ seconds }) {
      const nowMs = performance.now();
      statements += 1;
      if (nowMs - seconds * 1_000 >= answeredMs) waits += 1;
      answeredMs = nowMs;
    },
    reset() {
      statements = 0;
      waits = 0;
    },
    counts: () => ({ statements, waits }),
  };
}
