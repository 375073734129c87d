import { createHash } from 'node:crypto';

import type { DriftedMember, SweepPlan } from './ports.js';

/** Shown of a plan; its hash is of all. */
const MOST_SHOWN = 100;
/** The path reads a member, then writes their roles one by one, or as one list where they are more. */
const MOST_SINGLE_WRITES = 2;
/** Ten writes in ten seconds are what Discord has been seen to allow a bot in one guild. */
const WRITES_PER_SECOND = 1;

/** What the path would do for the members that were found out of step. The same changes have the same hash. */
export function planSweep(
  drifted: readonly DriftedMember[],
  callsMade: number,
): SweepPlan {
  const sorted = drifted
    .map((member) => ({
      ...member,
      add: member.add.toSorted(),
      remove: member.remove.toSorted(),
    }))
    .toSorted((a, b) => (a.discordUserId < b.discordUserId ? -1 : 1));
  const writes = sum(sorted, ({ add, remove }) => {
    const changes = add.length + remove.length;
    return changes > MOST_SINGLE_WRITES ? 1 : changes;
  });
  return {
    hash: hashOf(sorted),
    additions: sum(sorted, ({ add }) => add.length),
    removals: sum(sorted, ({ remove }) => remove.length),
    calls: callsMade + sorted.length + writes,
    seconds: Math.ceil(writes / WRITES_PER_SECOND),
    members: sorted.slice(0, MOST_SHOWN).map((member) => ({
      discordUserId: member.discordUserId,
      platformUserId: member.platformUserId,
      add: member.add,
      remove: member.remove,
      reason: reasonOf(member),
    })),
  };
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function hashOf(members: readonly DriftedMember[]): string {
  const changes = members.map((member) => [
    member.discordUserId,
    member.add,
    member.remove,
  ]);
  return createHash('sha256').update(JSON.stringify(changes)).digest('hex');
}

function reasonOf({ add, remove, isUnread }: DriftedMember): string {
  if (isUnread) return 'Discord was never asked about this member';
  return [
    ...(add.length > 0 ? ['lacks a role that a group gives'] : []),
    ...(remove.length > 0 ? ['holds a role that no group gives'] : []),
  ].join('; ');
}
