/**
 * What the API needs from sweeps. In: input whose shape is already checked. Out: views of schedules
 * and runs, past and present. Never: a sweep run inside a request; a process with the part `sweeps`
 * runs it.
 */
import type { Cause, ClientId, NicknameStrategy, SweepKind, SweepState } from '../../model.js';
import type { Page, Rows } from '../kit/views.js';

/** The effect of a change of mappings or of a client on members, in the terms of a sweep's plan. */
export type MappingEffect = Omit<SweepPlanView, 'hash'>;

export interface ScheduleView {
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  /** Five fields, as cron has them. */
  readonly cron: string;
  /** An IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  readonly isEnabled: boolean;
  readonly lastRunAt: Date | null;
  /** Null where it is switched off. */
  readonly nextRunAt: Date | null;
}

export interface SweepView {
  readonly id: string;
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  readonly state: SweepState;
  readonly isDryRun: boolean;
  /** The plan; null until all members are checked. */
  readonly plan: SweepPlanView | null;
  /**
   * Members checked; of these, how many were out of step, have been corrected since, and failed.
   */
  readonly checked: number;
  readonly drifted: number;
  /** Of the drifted, parked before it. */
  readonly parked: number;
  readonly changed: number;
  readonly failed: number;
  /** Who approved or rejected the plan, and when; null: undecided. */
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  /** Why it ended early, or is held; null when it did not. */
  readonly reason: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

export interface SweepPlanView {
  /** Names exactly this plan. */
  readonly hash: string;
  readonly removals: number;
  readonly additions: number;
  /** Calls to Discord, and how long they take at the limits known now. */
  readonly calls: number;
  readonly seconds: number;
  /** The first of them, at most 100. */
  readonly members: readonly SweepPlanMember[];
}

export interface SweepPlanMember {
  readonly discordUserId: string;
  readonly platformUserId: string | null;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Null or absent: none is set. */
  readonly nickname?: string | null;
  readonly reason: string;
}

export interface SchedulePort {
  schedulesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly ScheduleView[])[]>;
  /**
   * Throws InputError BAD_USER_INPUT with the field for a pattern or a zone that cannot be read.
   */
  updateSchedule(request: {
    clientId: ClientId;
    kind: SweepKind;
    cron?: string;
    timeZone?: string;
    isEnabled?: boolean;
  }): Promise<ScheduleView>;
  loadDefaultSchedule(clientId: ClientId): Promise<readonly ScheduleView[]>;
}

/** Plans that wait for an admin to approve or reject them. */
export interface HeldPlansView {
  readonly plans: number;
  readonly removals: number;
  readonly oldestSince: Date;
}

export interface SweepFilter {
  readonly clientId: ClientId;
  /** Null: of every kind. */
  readonly kind: SweepKind | null;
  /** Absent or null: in any state. */
  readonly states?: readonly SweepState[] | null;
}

export interface SweepPort {
  /** Throws InputError CONFLICT while one of this client and kind runs. */
  startSweep(request: {
    clientId: ClientId;
    kind: SweepKind;
    dryRun: boolean;
    enforceStrategy: NicknameStrategy | null;
    cause: Cause;
  }): Promise<SweepView>;
  /** Cancels it between pages. Throws InputError FAILED_PRECONDITION if it is finished. */
  cancelSweep(id: string): Promise<SweepView>;
  /**
   * Approves or rejects a held plan. Throws InputError FAILED_PRECONDITION when it is not held any
   * more, CONFLICT when its hash is another by now.
   */
  decideSweep(request: {
    id: string;
    hash: string | null;
    verdict: 'APPROVED' | 'REJECTED';
    cause: Cause;
  }): Promise<SweepView>;
  findSweeps(ids: readonly string[]): Promise<readonly (SweepView | undefined)[]>;
  /** Sweeps in the state HELD, at most one of each kind; the longest held first. */
  heldSweeps(clientId: ClientId): Promise<readonly SweepView[]>;
  /** Newest first. */
  pageSweeps(filter: SweepFilter, page: Page): Promise<Rows<SweepView>>;
  countSweeps(filter: SweepFilter): Promise<number>;
}
