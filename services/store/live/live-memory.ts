import type { LiveMemory } from '../../discord/gateway/ports.js';
import type { Database } from '../connection/database.js';
import type { Guard } from '../decisions/hold-burst.js';
import type { EnqueueEvents } from '../outbox/outbox.js';
import { createApplyEvents } from './apply-events.js';
import { openGap } from './gaps.js';
import { readLiveBots } from './live-bots.js';
import { saveLiveState, saveUnavailable } from './live-state.js';
import { createNoteHands } from './note-hands.js';
import { readPosition, savePosition } from './positions.js';
import { createTakeStart } from './session-starts.js';

/** All database operations of the gateway sessions. */
export function createLiveMemory(deps: {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvents: EnqueueEvents;
  readonly guard: Guard;
}): LiveMemory {
  const { database, owner } = deps;
  const db = () => database.sql();
  return {
    readBots: () => readLiveBots(db(), owner),
    applyEvents: createApplyEvents(deps),
    noteHands: createNoteHands(deps),
    readPosition: (applicationId, shardId) => readPosition(db(), applicationId, shardId),
    savePosition: (applicationId, shardId, position) =>
      savePosition(db(), { owner, applicationId, shardId }, position),
    takeStart: createTakeStart(database),
    saveLiveState: (clientIds, state) => saveLiveState(db(), owner, clientIds, state),
    openGap: (clientIds) => database.transaction(async (tx) => openGap(tx.sql, clientIds)),
    saveUnavailable: (clientId, isUnavailable) =>
      saveUnavailable(db(), owner, clientId, isUnavailable),
  };
}
