/**
 * What the events need.
 * In: facts from the platform, and the outbox. Out: records on the broker.
 * Never: an offset committed before its facts are in the database.
 */
import type { FactOutcome, OutboxEvent, PlatformFact } from '../model.js';

/**
 * One transaction for all; a failure means that none was applied. Outcomes come in the order of the
 * facts.
 */
export type ApplyFacts = (facts: readonly PlatformFact[]) => Promise<readonly FactOutcome[]>;

export interface Outbox {
  /**
   * Hands at most `limit` events, oldest first, to `send` and deletes them when it resolves. Only
   * one process drains at a time; another gets 0. Resolves with how many were sent. If `send`
   * throws nothing is deleted.
   */
  drain(limit: number, send: (events: readonly OutboxEvent[]) => Promise<void>): Promise<number>;
  /** Calls back whenever something may be waiting. Resolves with the way to stop listening. */
  onPending(wake: () => void): Promise<() => Promise<void>>;
}
