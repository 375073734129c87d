import type { ClientId } from '../model.js';

/** What the parts tell. Plain functions: whoever calls them knows nothing of metrics. */
export interface Observed {
  readonly reconcile: (run: ReconcileSeen) => void;
  readonly sweep: (sweep: {
    readonly kind: string;
    readonly state: string;
  }) => void;
  readonly events: (taken: EventsSeen) => void;
  readonly call: (call: CallSeen) => void;
  readonly wait: (wait: WaitSeen) => void;
  readonly operation: (operation: OperationSeen) => void;
  readonly statement: (statement: {
    readonly kind: string;
    readonly seconds: number;
  }) => void;
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

export interface PartitionSeen {
  readonly topic: string;
  readonly partition: number;
  /** Records that wait in the partition behind those that are done with; null: the broker did not say. */
  readonly behind: number | null;
  /** Records of it are in hand. */
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

/** What the database tells of all processes together. Ages in seconds. */
export interface Standing {
  readonly clients: readonly ClientStanding[];
  readonly queues: readonly QueueStanding[];
  readonly outbox: { readonly rows: number; readonly oldestSeconds: number };
}

export interface ClientStanding {
  readonly clientId: ClientId;
  /** Why nothing can be done for it, or not all; null: it is well. */
  readonly trouble: ClientTroubleReason | null;
  /** Of the oldest mark that waits; null: nobody is known to be wrong. */
  readonly oldestWrongSeconds: number | null;
  /** Since it was made, if it never was; null: nobody wants it to be. */
  readonly verifiedSeconds: number | null;
  readonly heldRemovals: number;
  readonly heldPlans: number;
  /** 0: none is held. */
  readonly oldestHeldPlanSeconds: number;
  readonly parked: number;
  /** Accounts without a link, once for each mapped role that they hold. */
  readonly unlinkedHolders: number;
  /** Since no call to Discord is made for it; 0: calls go through. */
  readonly sendingPauseSeconds: number;
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

/** What is asked of this process whenever somebody scrapes. */
export interface Sources {
  /** One statement; may fail or hang, and is then answered by what was known. */
  readonly standing: () => Promise<Standing>;
  readonly parts: () => readonly {
    readonly name: string;
    readonly isReady: boolean;
  }[];
  readonly invalidRequests: () => {
    readonly spent: number;
    readonly limit: number;
  };
  readonly connections: () => {
    readonly used: number;
    readonly idle: number;
    readonly waiting: number;
  };
}
