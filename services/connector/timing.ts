import type { SessionSettings } from '../events/kafka/kafkajs-consumption.js';
import { PATH_TIMING, type PathTiming } from './path.js';
import type { ObservedCall } from '../discord/rest/calls.js';

/** Timings that tests scale down in proportion to production, and observers of its calls. */
export interface ConnectorTiming {
  readonly path: PathTiming;
  /** For Discord: the safety margin on a rate-limit window, and the limit of calls in total. */
  readonly discord?: {
    readonly offsetMs: number;
    readonly globalRequestsPerSecond: number;
  };
  readonly sweeps?: {
    readonly leaseMs: number;
    readonly longestPauseMs: number;
    readonly pollMs: number;
  };
  /** Of a consumer with its broker. */
  readonly session?: SessionSettings;
  readonly onCall?: (call: ObservedCall) => void;
}

export const TIMING: ConnectorTiming = { path: PATH_TIMING };
