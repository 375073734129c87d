/**
 * The API's ports for sweeps. They receive input whose shape is already checked, and return
 * schedules and sweeps, past and present. A sweep never runs inside a request: a process with the
 * part `sweeps` runs it.
 */
import type { Cause, ClientId, NicknameStrategy, SweepKind, SweepState } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { Schedule, Sweep, SweepPlanView } from './sweep.types.js';

/** The effect on members of a change to a mapping or client, in the form of a sweep's plan. */
export type MappingEffect = Omit<SweepPlanView, 'hash'>;

export interface SchedulePort {
  schedulesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly Schedule[])[]>;
  /**
   * Throws InputError BAD_USER_INPUT that names the field if the cron expression or time zone is
   * invalid, and NOT_FOUND if the client has no schedule of this kind.
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

/** Counts of a client's plans that wait for approval. */
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
  /**
   * Throws InputError NOT_FOUND for an unknown client, CONFLICT if a sweep of this kind is already
   * running for the client, and FAILED_PRECONDITION if the client cannot run it.
   */
  startSweep(request: {
    clientId: ClientId;
    kind: SweepKind;
    dryRun: boolean;
    enforceStrategy: NicknameStrategy | null;
    cause: Cause;
  }): Promise<Sweep>;
  /**
   * Cancels a sweep. A running sweep stops before its next page. Throws InputError
   * FAILED_PRECONDITION if the sweep is held or finished.
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
  /** Returns the sweeps in the state HELD, at most one of each kind, the longest held first. */
  heldSweeps(clientId: ClientId): Promise<readonly Sweep[]>;
  /** Returns a page of sweeps, newest first. */
  pageSweeps(filter: SweepFilter, page: Page): Promise<Rows<Sweep>>;
  countSweeps(filter: SweepFilter): Promise<number>;
}

export interface HeldPlanReads {
  /** Returns null for a client without held plans. */
  heldPlansOfClients(ids: readonly ClientId[]): Promise<readonly (HeldPlansView | null)[]>;
}
