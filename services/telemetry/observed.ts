import type { ClientId, LiveState } from '../model.js';

/**
 * Functions that the parts of the process call to report events, so that they need not know about
 * metrics.
 */
export interface Observed {
  readonly reconcile: (run: ReconcileSeen) => void;
  readonly sweep: (sweep: { readonly kind: string; readonly state: string }) => void;
  readonly events: (taken: EventsSeen) => void;
  readonly call: (call: CallSeen) => void;
  readonly wait: (wait: WaitSeen) => void;
  readonly operation: (operation: OperationSeen) => void;
  readonly statement: (statement: { readonly kind: string; readonly seconds: number }) => void;
  /** A batch of gateway events was stored. */
  readonly liveBatch: (batch: LiveBatchSeen) => void;
  /** A gateway session may have missed events, and a comparison by a member list was started. */
  readonly liveGap: () => void;
}

export interface ReconcileSeen {
  readonly clientId: ClientId;
  readonly outcome: string;
  readonly seconds: number;
}

export interface EventsSeen {
  readonly topic: string;
  readonly counts: readonly {
    readonly type: string;
    readonly result: string;
    readonly times: number;
  }[];
  readonly deadLetters: number;
}

export interface LiveBatchSeen {
  /** The kind of each event (`LiveChange['kind']`). */
  readonly kinds: readonly string[];
  /** From the arrival of the batch's first event until its effects were stored. */
  readonly seconds: number;
}

export interface PartitionSeen {
  readonly topic: string;
  readonly partition: number;
  /** Records after the last finished one; null if the broker did not report the number. */
  readonly behind: number | null;
  /** Records of the partition are being processed. */
  readonly isBusy: boolean;
}

export interface CallSeen {
  readonly method: string;
  readonly route: string;
  readonly status: number | null;
  readonly durationMs: number;
}

export interface WaitSeen {
  readonly method: string;
  readonly route: string;
  readonly why: 'refused' | 'spent';
  readonly waitMs: number;
}

export interface OperationSeen {
  readonly type: string;
  readonly name: string;
  readonly codes: readonly string[];
  readonly seconds: number;
}

/** Database figures for all processes together. Ages in seconds. */
export interface DatabaseGauges {
  readonly clients: readonly ClientStanding[];
  readonly queues: readonly QueueStanding[];
  readonly outbox: { readonly rows: number; readonly oldestSeconds: number };
}

export interface ClientStanding {
  readonly clientId: ClientId;
  /** Why the client is not fully working; null if it is. */
  readonly trouble: ClientTroubleReason | null;
  /**
   * Age of the oldest waiting job (a member marked for reconciling that is not parked). Null if no
   * job is waiting or the client is disabled.
   */
  readonly oldestWrongSeconds: number | null;
  /**
   * Seconds since the last verification, or since the client was created if none has run. Null when
   * verification is off or the client is disabled.
   */
  readonly verifiedSeconds: number | null;
  readonly heldRemovals: number;
  readonly heldPlans: number;
  /** Age of the oldest sweep that waits for approval of its removals; 0 if none waits. */
  readonly oldestHeldPlanSeconds: number;
  readonly parked: number;
  /** Accounts without a link that hold a mapped role, counted once for each such role. */
  readonly unlinkedHolders: number;
  /** How long calls to Discord have been paused for the client; 0 if they are not paused. */
  readonly sendingPauseSeconds: number;
  readonly live: {
    readonly state: LiveState;
    /** How long the client has been neither live nor off; 0 while events arrive. Null: off. */
    readonly waitingSeconds: number | null;
    /** Age of the open gap; 0 if there is none. Null: off. */
    readonly gapSeconds: number | null;
    readonly missed: number;
  };
  /** Linked members, by who disagrees; `kept`: those who keep a revoked role. */
  readonly disputes: {
    readonly reversals: number;
    readonly kept: number;
    readonly requests: number;
  };
}

export const CLIENT_TROUBLES = [
  'disabled',
  'secret_lost',
  'token_refused',
  'paused',
  'waiting',
  'doubt',
  'check_failed',
] as const;
export type ClientTroubleReason = (typeof CLIENT_TROUBLES)[number];

export interface QueueStanding {
  readonly clientId: ClientId;
  readonly lane: number;
  readonly jobs: number;
  readonly oldestSeconds: number;
}

/** Values of this process, read at each scrape. */
export interface Sources {
  /** Runs one statement. If it fails or hangs, the scrape shows the last reading. */
  readonly standing: () => Promise<DatabaseGauges>;
  readonly parts: () => readonly { readonly name: string; readonly isReady: boolean }[];
  readonly invalidRequests: () => { readonly spent: number; readonly limit: number };
  readonly connections: () => {
    readonly used: number;
    readonly idle: number;
    readonly waiting: number;
  };
}
