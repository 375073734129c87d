import type { ApiPorts } from '../../services/api/ports.js';
import type { SweepFilter } from '../../services/api/sweeps/ports.js';
import type { Schedule, Sweep } from '../../services/api/sweeps/sweep.types.js';
import { InputError } from '../../services/lib/errors.js';
import { aSchedule, aSweep } from '../builders/sweep-views.js';
import { cut } from './cut.js';

export interface SweepWorld {
  schedules: Schedule[];
  /** Oldest first. */
  sweeps: Sweep[];
}

/** The id of a sweep begun here. */
export const STARTED_SWEEP_ID = '0192f000-0000-7000-8000-0000000000fc';

export function schedulePort(world: SweepWorld): ApiPorts['schedules'] {
  return {
    schedulesOfClients: async (ids) =>
      ids.map((id) => world.schedules.filter((one) => one.clientId === id)),
    updateSchedule: async ({ clientId, kind, ...patch }) => {
      const at = world.schedules.findIndex((one) => one.clientId === clientId && one.kind === kind);
      const before = world.schedules[at] ?? aSchedule({ clientId, kind });
      const after = { ...before, ...patch };
      world.schedules.splice(at, at < 0 ? 0 : 1, after);
      return after;
    },
    loadDefaultSchedule: async (clientId) => {
      const defaults = [
        aSchedule({ clientId }),
        aSchedule({ clientId, kind: 'REMOTE_SYNC', cron: '0 4 * * 1' }),
      ];
      world.schedules = [
        ...world.schedules.filter((one) => one.clientId !== clientId),
        ...defaults,
      ];
      return defaults;
    },
  };
}

export function sweepPort(world: SweepWorld): ApiPorts['sweeps'] {
  const fitting = (filter: SweepFilter) =>
    world.sweeps.filter(
      ({ clientId, kind, state }) =>
        clientId === filter.clientId &&
        kind === (filter.kind ?? kind) &&
        (filter.states ?? [state]).includes(state),
    );
  return {
    startSweep: async ({ clientId, kind, dryRun }) => {
      const sweep = aSweep({
        id: STARTED_SWEEP_ID,
        clientId,
        kind,
        state: 'WAITING',
        isDryRun: dryRun,
        plan: null,
        finishedAt: null,
      });
      world.sweeps.push(sweep);
      return sweep;
    },
    heldSweeps: async (clientId) => fitting({ clientId, kind: null, states: ['HELD'] }),
    cancelSweep: async (id) => {
      const at = world.sweeps.findIndex((sweep) => sweep.id === id);
      const before = world.sweeps[at];
      if (before?.finishedAt !== null)
        throw new InputError('FAILED_PRECONDITION', 'over', 'input.id');
      return (world.sweeps[at] = {
        ...before,
        state: 'CANCELLED',
        finishedAt: new Date(0),
      });
    },
    decideSweep: async ({ id, hash, verdict, cause }) => {
      const at = world.sweeps.findIndex((sweep) => sweep.id === id);
      const before = world.sweeps[at];
      if (before?.state !== 'HELD')
        throw new InputError('FAILED_PRECONDITION', 'not held', 'input.id');
      if (hash !== null && hash !== before.plan?.hash)
        throw new InputError('CONFLICT', 'another plan', 'input.hash');
      return (world.sweeps[at] = {
        ...before,
        state: verdict,
        decidedBy: cause.actor,
        decidedAt: new Date(0),
      });
    },
    findSweeps: async (ids) => ids.map((id) => world.sweeps.find((sweep) => sweep.id === id)),
    pageSweeps: async (filter, page) => cut(fitting(filter).toReversed(), page),
    countSweeps: async (filter) => fitting(filter).length,
  };
}
