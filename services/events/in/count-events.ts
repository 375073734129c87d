import type { FactOutcome, PlatformFact } from '../../model.js';
import type { AppliedChunk } from './apply-chunk.js';
import type { EventChunk } from './event-chunks.js';
import type { EventCount } from './observer.js';

/** Our event types by their name on the topic. All other types share one name. */
const TYPES: Readonly<Record<PlatformFact['kind'], string>> = {
  membershipChanged: 'platform.group.membership.changed.v1',
  membershipSnapshot: 'platform.group.membership.snapshot.v1',
  userChanged: 'platform.user.changed.v1',
  userDeleted: 'platform.user.deleted.v1',
  groupChanged: 'platform.group.changed.v1',
  groupDeleted: 'platform.group.deleted.v1',
};

/** Results of a chunk, by type. */
export function countEvents(
  chunk: EventChunk,
  { outcomes, refused }: AppliedChunk,
): readonly EventCount[] {
  const counts = new Map<string, EventCount>();
  const add = (type: string, result: string, times = 1) => {
    if (times === 0) return;
    const key = `${type} ${result}`;
    const before = counts.get(key)?.times ?? 0;
    counts.set(key, { type, result, times: before + times });
  };
  const buried = new Set(refused.map(({ record }) => record));
  // Outcomes come in the order of the facts that were not refused.
  let at = 0;
  for (const { record, fact } of chunk.facts) {
    const type = TYPES[fact.kind];
    if (buried.has(record)) add(type, 'dead_lettered');
    else add(type, resultOf(outcomes[at++]));
  }
  add('unreadable', 'dead_lettered', chunk.broken.length);
  add('foreign', 'skipped', chunk.skipped);
  return [...counts.values()];
}

/**
 * A fact that lost because its user or group is deleted is reported as such: its order was not the
 * cause.
 */
function resultOf(outcome: FactOutcome | undefined): string {
  if (outcome === undefined) return 'applied';
  const [loss] = outcome.losses;
  if (outcome.verdict === 'stale' && loss !== undefined) {
    if (loss.outrankedBy.kind === 'userDeleted') return 'user_deleted';
    if (loss.outrankedBy.kind === 'groupDeleted') return 'group_deleted';
  }
  return outcome.verdict;
}
