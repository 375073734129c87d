/**
 * What the API needs from sweeps. In: input whose shape is already checked. Out: views of schedules
 * and runs, past and present. Never: a sweep run inside a request; a process with the part `sweeps`
 * runs it.
 */
import type { Cause, ClientId, NicknameStrategy, SweepKind, SweepState } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { Schedule, Sweep, SweepPlanView } from './sweep.types.js';

/** The effect of a change of mappings or of a client on members, in the terms of a sweep's plan. */
export type MappingEffect = Omit<SweepPlanView, 'hash'>;

export interface SchedulePort {
  schedulesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly Schedule[])[]>;
  /**
   * Throws InputError BAD_USER_INPUT with the field for a pattern or a zone that cannot be read.
   */
  updateSchedule(request: {
    clientId: ClientId;
    kind: SweepKind;
    cron?: string;
    timeZone?: string;
    isEnabled?: boolean;
  }): Promise<Schedule>;
  loadDefaultSchedule(clientId: ClientId): Promise<readonly Schedule[]>;
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
  }): Promise<Sweep>;
  /** Cancels it between pages. Throws InputError FAILED_PRECONDITION if it is finished. */
  cancelSweep(id: string): Promise<Sweep>;
  /**
   * Approves or rejects a held plan. Throws InputError FAILED_PRECONDITION when it is not held any
   * more, CONFLICT when its hash is another by now.
   */
  decideSweep(request: {
    id: string;
    hash: string | null;
    verdict: 'APPROVED' | 'REJECTED';
    cause: Cause;
  }): Promise<Sweep>;
  findSweeps(ids: readonly string[]): Promise<readonly (Sweep | undefined)[]>;
  /** Sweeps in the state HELD, at most one of each kind; the longest held first. */
  heldSweeps(clientId: ClientId): Promise<readonly Sweep[]>;
  /** Newest first. */
  pageSweeps(filter: SweepFilter, page: Page): Promise<Rows<Sweep>>;
  countSweeps(filter: SweepFilter): Promise<number>;
}

export interface HeldPlanReads {
  /** Null: nothing of this client is held. */
  heldPlansOfClients(ids: readonly ClientId[]): Promise<readonly (HeldPlansView | null)[]>;
}
