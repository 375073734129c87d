import type { RoleId } from '../../model.js';
import { guardRemovals } from '../guard/guard.js';
import { readingsThatHold, removalsAskedFor } from '../plan/plan-requests.js';
import type { MemberPlan } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { RequestsToSettle, Settlement } from '../write/records.js';
import { NO_REQUESTS, type RequestPlan } from '../plan/remote.js';

interface Read {
  readonly facts: Pick<MemberFacts, 'client' | 'links' | 'decisions'>;
  readonly plan: Pick<MemberPlan, 'requests'>;
  /** The roles Discord showed last. */
  readonly seen: readonly RoleId[];
}

/**
 * Adds the run's readings under authority DISCORD to its settlement, to be judged, requested and
 * stored with the rest. A parked member requests nothing.
 */
export function withReadings(
  settlement: Omit<Settlement, 'requests'>,
  { facts, plan, seen }: Read,
): Settlement {
  const { requests = NO_REQUESTS } = plan;
  const { isParked, settledDecisions } = settlement;
  const { waiting } = requests;
  const asked = isParked ? removalsAskedFor(requests.readings) : [];
  return {
    ...settlement,
    ...(waiting.length > 0 && heldBy(settlement, waiting)),
    // Decisions that wait, or are approved but could not be requested yet, are kept.
    settledDecisions: settledDecisions.filter(
      (roleId) => !waiting.includes(roleId) && !asked.includes(roleId),
    ),
    requests: isParked ? null : requestsToSettle(facts, requests, seen),
  };
}

function heldBy(
  { outcome, reason }: Pick<Settlement, 'outcome' | 'reason'>,
  [first]: readonly RoleId[],
): Pick<Settlement, 'outcome' | 'reason'> {
  const waits = `removal guard: the request to remove for role ${first} waits for a person to approve or reject it`;
  return {
    outcome: outcome === 'PARKED' ? outcome : 'HELD',
    reason: reason === null ? waits : `${reason}; ${waits}`,
  };
}

function requestsToSettle(
  facts: Read['facts'],
  plan: RequestPlan,
  seen: readonly RoleId[],
): RequestsToSettle | null {
  const link = facts.links.find(({ status }) => status === 'ACTIVE');
  const rows = readingsThatHold(plan.readings, seen);
  if (link === undefined || rows.length === 0) return null;
  const { linkId, platformUserId } = link;
  const counted = removalsAskedFor(rows).filter((roleId) => !plan.uncounted.includes(roleId));
  return {
    guildId: facts.client.guildId,
    linkId,
    platformUserId,
    rows,
    counted,
    judge: (tally) =>
      guardRemovals({
        removals: counted,
        tally,
        limits: facts.client.guard,
        decisions: facts.decisions,
        cause: 'OTHER',
        isAskedFor: false,
      }),
  };
}
