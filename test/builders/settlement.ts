import type { Settlement } from '../../services/reconcile/write/records.js';

/** A run that found nothing to do. */
export const unchanged: Settlement = {
  outcome: 'UNCHANGED',
  reason: null,
  closes: null,
  heldRemovals: [],
  settledDecisions: [],
  requests: null,
  nickname: null,
  observed: null,
  isReading: false,
  joining: null,
  isParked: false,
  isWaiting: false,
  asksAgain: false,
  clearsTrouble: false,
  endedLinkIds: [],
};
