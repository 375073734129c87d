import { createHash } from 'node:crypto';

import { forecastCalls, type DiscordUserId, type ForecastGroup } from '../model.js';
import type { DriftedMember, SweepPlan } from './ports.js';

/** Maximum number of members shown in a plan. The hash covers all members. */
const MOST_SHOWN = 100;

/** A member whose roles, nickname or both are to be changed. */
export interface PlannedMember extends DriftedMember {
  /** The nickname to set; null or absent: no change. */
  readonly nickname?: string | null;
  /** Why the nickname cannot be set. */
  readonly blocked?: string | null;
}

/** The reads before and after a sweep that affect the forecast of its calls. */
export interface SweepReads {
  /**
   * How long, in ms, the members' latest reading can still confirm a role list. 0: the mirror is
   * too old for that.
   */
  readonly confirmsForMs: number;
  /** Members who are read one by one, even without changes. */
  readonly looks: readonly DiscordUserId[];
}

export const NO_READS: SweepReads = { confirmsForMs: 0, looks: [] };

/**
 * Returns the changes that runs would make for the members out of step. Equal changes give equal
 * hashes.
 */
export function planSweep(
  drifted: readonly PlannedMember[],
  callsMade: number,
  reads: SweepReads = NO_READS,
): SweepPlan {
  const sorted = drifted
    .map((member) => ({ ...member, add: member.add.toSorted(), remove: member.remove.toSorted() }))
    .toSorted((a, b) => (a.discordUserId < b.discordUserId ? -1 : 1));
  const { calls, seconds } = forecastCalls(groupsOf(sorted, reads));
  return {
    hash: hashOf(sorted),
    additions: sum(sorted, ({ add }) => add.length),
    removals: sum(sorted, ({ remove }) => remove.length),
    calls: callsMade + calls,
    seconds,
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

function groupsOf(
  planned: readonly PlannedMember[],
  { confirmsForMs, looks }: SweepReads,
): readonly ForecastGroup[] {
  const looked = new Set(looks);
  const known = new Set(planned.map(({ discordUserId }) => discordUserId));
  const groups = planned.map((member) => {
    const isEnding = member.platformUserId === null;
    return {
      members: 1,
      changes: member.add.length + member.remove.length,
      isRenamed: (member.nickname ?? null) !== null,
      isReadFirst: member.isUnread || isEnding || looked.has(member.discordUserId),
      proofs: isEnding && member.remove.length > 0 ? 1 : 0,
      confirmsForMs,
    };
  });
  const others = [...looked].filter((id) => !known.has(id)).length;
  return [...groups, { ...READ_ONLY, members: others }];
}

const READ_ONLY = { changes: 0, isRenamed: false, isReadFirst: true, proofs: 0, confirmsForMs: 0 };

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
