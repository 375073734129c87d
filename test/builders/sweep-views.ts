import type { Schedule, Sweep, SweepPlanView } from '../../services/api/sweeps/sweep.types.js';
import { CLIENT_ID, ownId, ROLE_ID } from './api-views.js';

type PlanMember = SweepPlanView['members'][number];

const AT = new Date('2026-11-22T17:00:00.000Z');

export const aSchedule = (given: Partial<Schedule> = {}): Schedule => ({
  clientId: CLIENT_ID,
  kind: 'VERIFY_GROUPS',
  cron: '*/5 * * * *',
  timeZone: 'UTC',
  isEnabled: true,
  lastRunAt: null,
  nextRunAt: AT,
  ...given,
});

export const aPlanMember = (given: Partial<PlanMember> = {}): PlanMember => ({
  discordUserId: '400000000000000001',
  platformUserId: 'alice',
  add: [ROLE_ID],
  remove: [],
  reason: 'in the group pilots',
  ...given,
});

export const aSweep = (given: Partial<Sweep> = {}): Sweep => ({
  id: ownId(0x40),
  clientId: CLIENT_ID,
  kind: 'VERIFY_GROUPS',
  state: 'DONE',
  isDryRun: false,
  plan: {
    hash: 'sha256-of-the-plan',
    removals: 0,
    additions: 1,
    calls: 1,
    seconds: 0.4,
    members: [aPlanMember()],
  },
  checked: 3,
  parked: 0,
  drifted: 1,
  changed: 1,
  failed: 0,
  decidedBy: null,
  decidedAt: null,
  reason: null,
  startedAt: AT,
  finishedAt: AT,
  ...given,
});
