import { createHash } from 'node:crypto';

import { MOST_SINGLE_WRITES, WRITES_PER_SECOND } from '../model.js';
import type { DriftedMember, SweepPlan } from './ports.js';

/** Shown of a plan; its hash is of all. */
const MOST_SHOWN = 100;

/** Roles or a nickname, or both. */
export interface PlannedMember extends DriftedMember {
  /** The nickname to be set. */
  readonly nickname?: string | null;
  /** Why it cannot be set. */
  readonly blocked?: string | null;
}

/** What the path would do for members out of step. Equal changes have equal hashes. */
export function planSweep(
  drifted: readonly PlannedMember[],
  callsMade: number,
): SweepPlan {
  const sorted = drifted
    .map((member) => ({
      ...member,
      add: member.add.toSorted(),
      remove: member.remove.toSorted(),
    }))
    .toSorted((a, b) => (a.discordUserId < b.discordUserId ? -1 : 1));
  const writes = sum(sorted, writesFor);
  const edits = sorted.filter(isEdited).length;
  const reads = sorted.filter((each) => each.isUnread || isListed(each)).length;
  return {
    hash: hashOf(sorted),
    additions: sum(sorted, ({ add }) => add.length),
    removals: sum(sorted, ({ remove }) => remove.length),
    calls: callsMade + reads + writes,
    seconds: Math.ceil(
      Math.max(writes / WRITES_PER_SECOND.all, edits / WRITES_PER_SECOND.edits),
    ),
    members: sorted.slice(0, MOST_SHOWN).map((member) => ({
      discordUserId: member.discordUserId,
      platformUserId: member.platformUserId,
      add: member.add,
      remove: member.remove,
      nickname: member.nickname ?? null,
      reason: reasonOf(member),
    })),
  };
}

function writesFor(member: PlannedMember): number {
  const { add, remove, nickname = null } = member;
  if (isListed(member)) return 1;
  return add.length + remove.length + (nickname === null ? 0 : 1);
}

/** A nickname is sent with a role list, or by its own call. */
function isListed({ add, remove, nickname = null }: PlannedMember): boolean {
  const changes = add.length + remove.length;
  return changes > MOST_SINGLE_WRITES || (changes > 1 && nickname !== null);
}

function isEdited(member: PlannedMember): boolean {
  return isListed(member) || (member.nickname ?? null) !== null;
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function hashOf(members: readonly PlannedMember[]): string {
  const changes = members.map((member) => [
    member.discordUserId,
    member.add,
    member.remove,
    ...((member.nickname ?? null) === null ? [] : [member.nickname]),
    ...(member.asks.length === 0 ? [] : [{ asks: member.asks }]),
  ]);
  return createHash('sha256').update(JSON.stringify(changes)).digest('hex');
}

function reasonOf(member: PlannedMember): string {
  const { add, remove, asks, isUnread } = member;
  const { nickname = null, blocked = null } = member;
  if (isUnread) return 'not read at Discord yet';
  return [
    ...(add.length > 0 ? ['lacks a role that a group grants'] : []),
    ...(remove.length > 0 ? ['holds a role that no group grants'] : []),
    ...(asks.length > 0 ? ['differs from Discord, which has authority'] : []),
    ...(nickname === null ? [] : ['has a different nickname']),
    ...(blocked === null ? [] : [blocked]),
  ].join('; ');
}
