import { CONFIRMING_MS } from '../model.js';
import type { HeldRun } from './held-run.js';
import { planSweep, type SweepReads } from './plan-sweep.js';
import type { DriftedMember } from './ports.js';

/** Every member was just read with the list. */
export const LISTED: SweepReads = { confirmsForMs: CONFIRMING_MS, looks: [] };

/** What a sweep has found, with its plan. */
export function found(held: HeldRun, drifted: readonly DriftedMember[], reads: SweepReads) {
  return {
    drifted: drifted.length,
    driftedMembers: drifted,
    plan: planSweep(drifted, held.callsMade(), reads),
  };
}
