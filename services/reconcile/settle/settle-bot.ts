import type { PresentMember } from '../../model.js';
import { endingLinks } from './link-proof.js';
import type { MemberFacts } from '../ports.js';
import type { Settlement } from '../write/records.js';
import { landedChanges } from './resume.js';
import { NOTHING, type RunResult } from './settlement.js';
import { IS_BOT } from './settlement-words.js';

/**
 * The account is a bot's, which no run ever writes to: others gave it its roles, and its
 * permissions may depend on them. So an ending link ends without removals, and an active one waits
 * until it is unlinked.
 */
export function ofBot(facts: MemberFacts, observed: PresentMember, hasAsked: boolean): RunResult {
  const isLinked = facts.links.some(({ status }) => status === 'ACTIVE');
  const actual = observed;
  const settlement: Settlement = {
    ...NOTHING,
    outcome: isLinked ? 'PARKED' : 'UNCHANGED',
    reason: isLinked ? IS_BOT : null,
    closes: facts.openRecord && landedChanges(facts.openRecord, { mirror: facts.mirror, actual }),
    settledDecisions: [...facts.decisions.keys()],
    observed: { isPresent: true, ...observed },
    isReading: hasAsked,
    isParked: isLinked,
    parking: isLinked ? [{ cause: IS_BOT, endedBy: 'end the link with unlinkDiscordUser' }] : [],
    clearsTrouble: hasAsked,
    endedLinkIds: endingLinks(facts),
  };
  return { kind: 'settled', settlement };
}
