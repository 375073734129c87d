import { applyChunk } from '../../services/events/in/take-batch.js';
import { eventChunks } from '../../services/events/in/event-chunks.js';
import type { KafkaRecord } from '../../services/events/kafka/kafka-port.js';
import type { ApplyFacts } from '../../services/events/ports.js';
import { faultOf } from './verdict.js';

export interface Taken {
  facts: number;
  skipped: number;
  broken: number;
  /** What the store refused, and reasons that say too much: neither may be. */
  readonly faults: string[];
}

/**
 * As the consumer takes a batch: parsed chunk by chunk, applied, halved where the store refuses.
 */
export async function takeHostile(
  records: readonly KafkaRecord[],
  applyFacts: ApplyFacts,
): Promise<Taken> {
  const taken: Taken = { facts: 0, skipped: 0, broken: 0, faults: [] };
  for (const chunk of eventChunks(records)) {
    const { refused } = await applyChunk(chunk.facts, applyFacts);
    taken.facts += chunk.facts.length - refused.length;
    taken.skipped += chunk.skipped;
    taken.broken += chunk.broken.length;
    for (const { record, reason } of refused)
      taken.faults.push(`${record.value?.toString().slice(0, 600)}: ${reason}`);
    for (const { reason } of chunk.broken) {
      const fault = faultOf({ kind: 'broken', reason });
      if (fault !== null) taken.faults.push(fault);
    }
  }
  return taken;
}

export function sumOf(parts: readonly Taken[]): Taken {
  const sum: Taken = { facts: 0, skipped: 0, broken: 0, faults: [] };
  for (const part of parts) {
    sum.facts += part.facts;
    sum.skipped += part.skipped;
    sum.broken += part.broken;
    sum.faults.push(...part.faults);
  }
  return sum;
}
