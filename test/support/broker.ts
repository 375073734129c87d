import { randomBytes } from 'node:crypto';

import { inject } from 'vitest';

import type { TestBroker } from './broker.setup.js';

/** For `describe.skipIf(!hasBroker())`: the run has already said why there is none. */
export function hasBroker(): boolean {
  return 'brokers' in inject('broker');
}

/** A Kafka, not the mock: it knows groups, partitions and offsets as one does. */
export function hasKafka(): boolean {
  return hasBroker() && testBroker().kind !== 'mock';
}

export function testBroker(): TestBroker {
  const broker = inject('broker');
  if ('reason' in broker) throw new Error(broker.reason);
  return broker;
}

/** The broker is shared by all files of a run: every topic and group gets a name of its own. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
