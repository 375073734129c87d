import type { FactOutcome } from '../../model.js';
import type { FactVerdictName } from '../kit/enums.js';
import { describeLosses, toOutrankingFact, type NameGroup } from './fact-losses.js';
import type { Item } from '../kit/checks.js';
import type { FactCounts, FactResult } from './fact-payloads.types.js';

const VERDICTS = {
  applied: 'APPLIED',
  unchanged: 'UNCHANGED',
  stale: 'STALE',
  partial: 'PARTIAL',
} as const;

/**
 * One result per item, in the given order: a repeated fact is fine, one that lost is a conflict.
 * `outcomes` covers valid items only.
 */
export function factResults(
  items: readonly Item<unknown>[],
  outcomes: readonly FactOutcome[],
  nameGroup: NameGroup,
): FactResult[] {
  let next = 0;
  return items.map(({ fault }, index) => {
    if (fault !== null) {
      const { code, message, field = null } = fault;
      const error = { code, message, field };
      return { index, ok: false, verdict: 'INVALID', error, outrankedBy: [] };
    }
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error(`outcomes for ${items.length} facts are incomplete`);
    return { index, ...resultOf(outcome, nameGroup) };
  });
}

function resultOf(outcome: FactOutcome, nameGroup: NameGroup): Omit<FactResult, 'index'> {
  const { verdict, losses } = outcome;
  const hasLost = verdict === 'stale' || verdict === 'partial';
  return {
    ok: !hasLost,
    verdict: VERDICTS[verdict],
    error: hasLost
      ? { code: 'CONFLICT', message: describeLosses(outcome, nameGroup), field: null }
      : null,
    outrankedBy: losses.map(toOutrankingFact),
  };
}

export function countResults(results: readonly FactResult[]): FactCounts {
  const count = (name: FactVerdictName) => results.filter(({ verdict }) => verdict === name).length;
  return {
    applied: count('APPLIED'),
    unchanged: count('UNCHANGED'),
    stale: count('STALE'),
    partial: count('PARTIAL'),
    invalid: count('INVALID'),
  };
}

/** The subjects of the applied facts, each once. */
export function changedIds<Fact>(
  facts: readonly Fact[],
  outcomes: readonly FactOutcome[],
  idOf: (fact: Fact) => string,
): readonly string[] {
  const applied = facts.filter((_, index) => {
    const verdict = outcomes[index]?.verdict;
    return verdict === 'applied' || verdict === 'partial';
  });
  return [...new Set(applied.map(idOf))];
}

/**
 * Memberships in a deleted group are recorded, but change no roles until the group is sent again.
 */
export function factWarnings(
  items: readonly unknown[],
  outcomes: readonly FactOutcome[],
  nameGroup: NameGroup,
): readonly string[] {
  if (items.length === 0) return ['The list was empty.'];
  const deleted = new Set(outcomes.flatMap(({ deletedGroupIds }) => deletedGroupIds ?? []));
  if (deleted.size === 0) return [];
  const named = [...deleted]
    .slice(0, MOST_NAMED)
    .map((id) => nameGroup(id).replace('group ', ''))
    .join(', ');
  const rest = deleted.size > MOST_NAMED ? ` and ${deleted.size - MOST_NAMED} more` : '';
  return [
    `Deleted groups: ${named}${rest}. New members of them get roles once the group is sent again, by upsertPlatformGroups or an event.`,
  ];
}

const MOST_NAMED = 10;
