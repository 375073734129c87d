import type { FactOrder } from '../../model.js';
import type { StoredFence } from '../entities/platform.entity.js';

/**
 * Combines all deletions of one user or group. A deletion covers every fact that is not newer, by
 * sequence if both have one, by time otherwise. With these three numbers, the fence covers a fact
 * exactly when one of its deletions does, in whatever order the deletions arrive.
 */
export interface DeletionFence {
  /** The highest sequence of the deletions that have a sequence; null if none has one. */
  readonly sequence: number | null;
  /** The latest time of the deletions without a sequence; null if all have one. */
  readonly timeUs: number | null;
  /** The latest time of all deletions. */
  readonly latestUs: number;
}

export function fenceOfDeletion({ sequence, timeUs }: FactOrder): DeletionFence {
  return {
    sequence,
    timeUs: sequence === null ? timeUs : null,
    latestUs: timeUs,
  };
}

export function joinFences(a: DeletionFence | null, b: DeletionFence): DeletionFence {
  if (a === null) return b;
  return {
    sequence: greater(a.sequence, b.sequence),
    timeUs: greater(a.timeUs, b.timeUs),
    latestUs: Math.max(a.latestUs, b.latestUs),
  };
}

function greater(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

export function isSameFence(a: DeletionFence | null, b: DeletionFence | null): boolean {
  return a?.sequence === b?.sequence && a?.timeUs === b?.timeUs && a?.latestUs === b?.latestUs;
}

/**
 * Returns the position of the deletion that covers a fact at this position; null: the fact is newer
 * than all deletions.
 */
export function deletionOver(order: FactOrder, fence: DeletionFence | null): FactOrder | null {
  if (fence === null) return null;
  const { sequence, timeUs, latestUs } = fence;
  if (order.sequence === null)
    return order.timeUs <= latestUs ? { sequence: null, timeUs: latestUs } : null;
  if (sequence !== null && order.sequence <= sequence) return { sequence, timeUs: latestUs };
  return timeUs !== null && order.timeUs <= timeUs ? { sequence: null, timeUs } : null;
}

export function storedFence(fence: DeletionFence): StoredFence {
  return [fence.sequence, fence.timeUs, fence.latestUs];
}

export function readFence(stored: StoredFence | null): DeletionFence | null {
  if (stored === null) return null;
  const [sequence, timeUs, latestUs] = stored;
  return { sequence, timeUs, latestUs };
}
