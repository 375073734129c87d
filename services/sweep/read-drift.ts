import type { HeldRun } from './held-run.js';
import type { DriftedMember, SweepMemory } from './ports.js';

/** Finds members out of step, and keeps the run's claim meanwhile. */
export async function findDrift(
  memory: Pick<SweepMemory, 'readDrift'>,
  held: HeldRun,
  request: Partial<Pick<Parameters<SweepMemory['readDrift']>[0], 'seen' | 'changed'>>,
): Promise<readonly DriftedMember[]> {
  return memory.readDrift({
    clientId: held.run.clientId,
    seen: [],
    changed: [],
    beforePage: async () => held.beforePage(),
    ...request,
  });
}
