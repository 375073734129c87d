/**
 * The API's ports for sweeps. In: input whose shape is already checked. Out: schedules and sweeps,
 * past and present. Never: a sweep run inside a request; a process with the part `sweeps` runs it.
 */
import type { Cause, ClientId, NicknameStrategy, SweepKind, SweepState } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { Schedule, Sweep, SweepPlanView } from './sweep.types.js';

/** The effect of a mapping or client change on members, in the form of a sweep's plan. */
export type MappingEffect = Omit<SweepPlanView, 'hash'>;

export interface SchedulePort {
  schedulesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly Schedule[])[]>;
  /**
   * Throws InputError BAD_USER_INPUT with the field, if the cron expression or time zone is
   * invalid.
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

/** A client's plans awaiting approval. */
export interface HeldPlansView {
  readonly plans: number;
  readonly removals: number;
  readonly oldestSince: Date;
}

export interface SweepFilter {
  readonly clientId: ClientId;
  /** Null: all kinds. */
  readonly kind: SweepKind | null;
  /** Absent or null: all states. */
  readonly states?: readonly SweepState[] | null;
}

export interface SweepPort {
  /** Throws InputError CONFLICT if a sweep of this kind is already running for the client. */
  startSweep(request: {
    clientId: ClientId;
    kind: SweepKind;
    dryRun: boolean;
    enforceStrategy: NicknameStrategy | null;
    cause: Cause;
  }): Promise<Sweep>;
  /**
   * Cancels a sweep, which then stops before its next page. Throws InputError FAILED_PRECONDITION
   * if it is held or finished.
   */
  cancelSweep(id: string): Promise<Sweep>;
  /**
   * Approves or rejects a held plan. Throws InputError FAILED_PRECONDITION if the sweep is no
   * longer held, CONFLICT if the plan's hash has changed.
   */
  decideSweep(request: {
    id: string;
    hash: string | null;
    verdict: 'APPROVED' | 'REJECTED';
    cause: Cause;
  }): Promise<Sweep>;
  findSweeps(ids: readonly string[]): Promise<readonly (Sweep | undefined)[]>;
  /** Sweeps in the state HELD, at most one of each kind, longest held first. */
  heldSweeps(clientId: ClientId): Promise<readonly Sweep[]>;
  /** Returns a page of sweeps, newest first. */
  pageSweeps(filter: SweepFilter, page: Page): Promise<Rows<Sweep>>;
  countSweeps(filter: SweepFilter): Promise<number>;
}

export interface HeldPlanReads {
  /** Null: the client has no held plan. */
  heldPlansOfClients(ids: readonly ClientId[]): Promise<readonly (HeldPlansView | null)[]>;
}
