import type { OpenSpan } from '../../lib/trace.js';
import type { FactRecord } from './event-chunks.js';
import type { EventObserver } from './observer.js';

/** Facts whose causes continue the trace of their record. `end` receives their results. */
export function traceFacts(
  facts: readonly FactRecord[],
  traceRecord: EventObserver['traceRecord'],
): { readonly facts: readonly FactRecord[]; readonly end: () => void } {
  if (traceRecord === null) return { facts, end: () => undefined };
  const spans: OpenSpan[] = [];
  const traced = facts.map(({ record, fact }): FactRecord => {
    const span = traceRecord(record);
    spans.push(span);
    const cause = { ...fact.cause, traceparent: span.traceparent };
    return { record, fact: { ...fact, cause } };
  });
  return { facts: traced, end: () => spans.forEach((span) => span.end()) };
}
