import type { LiveMemory, SessionPosition } from '../../services/discord/gateway/ports.js';

export type SessionMemory = Pick<LiveMemory, 'readPosition' | 'savePosition' | 'takeStart'>;

/** The positions and session starts of one bot, as the store keeps them. */
export function createSessionMemory() {
  const positions = new Map<number, SessionPosition>();
  const limits: { readonly remaining: number; readonly resetAfterMs: number }[] = [];
  const waits: number[] = [];
  const memory: SessionMemory = {
    readPosition: async (_applicationId, shardId) => positions.get(shardId) ?? null,
    async savePosition(_applicationId, shardId, position) {
      if (position) positions.set(shardId, position);
      else positions.delete(shardId);
    },
    async takeStart(_applicationId, limit) {
      limits.push(limit);
      return waits.shift() ?? (limit.remaining > 0 ? 0 : limit.resetAfterMs);
    },
  };
  return {
    ...memory,
    positions,
    /** What each call of `takeStart` was told. */
    limits,
    /** The answers of the next calls of `takeStart`. */
    waits,
  };
}
