import { describe, expect, test } from 'vitest';

import type { RemovalVerdict } from '../../../services/model.js';
import {
  endOfHands,
  nextTry,
  undoneReasons,
  withholdUndone,
} from '../../../services/reconcile/plan/hand-changes.js';
import { LEAVE_NICKNAME } from '../../../services/reconcile/plan/plan-nickname.js';
import type { HandChange } from '../../../services/reconcile/ports.js';
import {
  DIRECTOR,
  memberFacts,
  PILOT,
  presentMember,
  RECRUIT,
} from '../../builders/member-facts.js';

const NOW = Date.parse('2026-11-30T14:10:00Z');
const at = (minutes: number) => new Date(NOW + minutes * 60_000);

const removed: HandChange = {
  isGiven: false,
  byDiscordUserId: '200000000000000001',
  byName: 'Alice',
  changedAt: at(-7),
  isHeld: false,
  disputedSince: null,
  nextTryAt: null,
  tries: 0,
};
const held = { ...removed, isHeld: true };
const disputed = { ...removed, disputedSince: at(-7), nextTryAt: at(3), tries: 1 };
const keptAgainst = { ...disputed, isGiven: true, byDiscordUserId: null, byName: null };

const facts = (
  changes: Readonly<Record<string, HandChange>>,
  decisions: Readonly<Record<string, RemovalVerdict>> = {},
) =>
  memberFacts({
    nowMs: NOW,
    handChanges: new Map(Object.entries(changes)),
    decisions: new Map(Object.entries(decisions)),
  });

/** The plan to add Pilot and Recruit and to remove Director, for a member with these roles. */
function plan(
  known: ReturnType<typeof facts>,
  { roleIds = [DIRECTOR], isAskedFor = false }: { roleIds?: string[]; isAskedFor?: boolean } = {},
) {
  return withholdUndone(
    known,
    { isPresent: true, ...presentMember({ roleIds }) },
    {
      add: [PILOT, RECRUIT],
      remove: [DIRECTOR],
      approved: [],
      takenBack: [],
      rejected: [],
      unknown: [],
      blocked: [],
      ...LEAVE_NICKNAME,
    },
    isAskedFor,
  );
}

const NOTHING = { held: [], grants: [], removals: [] };

describe('a role removed by hand', () => {
  test('is granted again if the removal is not held', () => {
    expect(plan(facts({ [PILOT]: removed })).add).toEqual([PILOT, RECRUIT]);
  });

  test('is not granted while the removal is held, and the reason names who removed it', () => {
    const known = facts({ [PILOT]: held });

    const left = plan(known);

    expect(left).toMatchObject({
      add: [RECRUIT],
      remove: [DIRECTOR],
      undone: { ...NOTHING, held: [PILOT] },
    });
    expect(undoneReasons(known, left, (roleId) => `role ${roleId}`)).toEqual([
      `Alice (200000000000000001) removed role ${PILOT} by hand at 2026-11-30 14:03:00 UTC: it is not granted until reconcileDiscordUser, a newer change to its group, or handRemovals: RESTORE`,
    ]);
    expect(nextTry(known, left)).toBeNull();
  });

  test('is granted again when an admin requests it', () => {
    expect(plan(facts({ [PILOT]: held }), { isAskedFor: true }).add).toContain(PILOT);
  });

  test('does not delay the removal of another role, or of a role that was held', () => {
    expect(plan(facts({ [DIRECTOR]: held }))).toMatchObject({ remove: [DIRECTOR] });
  });
});

describe('a change that others keep reversing', () => {
  test('is not made before its next try, in both directions', () => {
    const known = facts({ [PILOT]: disputed, [DIRECTOR]: { ...keptAgainst, nextTryAt: at(2) } });

    const left = plan(known);

    expect(left).toMatchObject({
      add: [RECRUIT],
      remove: [],
      undone: { ...NOTHING, grants: [PILOT], removals: [DIRECTOR] },
    });
    expect(nextTry(known, left)).toEqual(at(2));
    expect(undoneReasons(known, left, (roleId) => `role ${roleId}`)).toEqual([
      `Alice (200000000000000001) keeps removing role ${PILOT}: the next try is at 2026-11-30 14:13:00 UTC`,
      `another bot or person keeps adding role ${DIRECTOR}: the next try is at 2026-11-30 14:12:00 UTC`,
    ]);
  });

  test('is made at its next try, or when an admin requests it', () => {
    const due = facts({ [PILOT]: { ...disputed, nextTryAt: at(0) } });

    expect(plan(due)).toMatchObject({ add: [PILOT, RECRUIT] });
    expect(plan(due).undone).toBeUndefined();
    expect(plan(facts({ [PILOT]: disputed }), { isAskedFor: true }).add).toContain(PILOT);
  });

  test('stays in the plan if the guard holds it, so that the hold does not end', () => {
    const known = facts({ [DIRECTOR]: keptAgainst }, { [DIRECTOR]: 'HELD' });

    expect(plan(known)).toMatchObject({ remove: [DIRECTOR] });
  });
});

describe('at the end of a run', () => {
  const ends = (change: HandChange, run: Partial<Parameters<typeof endOfHands>[1]> = {}) =>
    endOfHands(facts({ [PILOT]: change }), {
      changed: [],
      roleIds: [],
      isAskedFor: false,
      ...run,
    });

  test('a request by an admin ends every hold and dispute', () => {
    for (const change of [held, disputed])
      expect(ends(change, { isAskedFor: true })).toEqual({ over: [PILOT], tried: [] });
  });

  test('a hold ends once the member has the role', () => {
    expect(ends(held)).toEqual({ over: [], tried: [] });
    expect(ends(held, { roleIds: [PILOT] })).toEqual({ over: [PILOT], tried: [] });
  });

  test.each([
    [0, 20],
    [1, 20],
    [2, 40],
    [3, 60],
    [50, 60],
  ])('a disputed change made after %i tries is tried again after %i minutes', (tries, minutes) => {
    expect(ends({ ...disputed, tries }, { changed: [PILOT], roleIds: [PILOT] })).toEqual({
      over: [],
      tried: [{ roleId: PILOT, waitMs: minutes * 60_000 }],
    });
  });

  test('a dispute is over ten minutes after a try that was not reversed', () => {
    const triedAgo = (minutes: number) => ({ ...disputed, nextTryAt: at(20 - minutes) });

    expect(ends(triedAgo(9), { roleIds: [PILOT] })).toEqual({ over: [], tried: [] });
    expect(ends(triedAgo(10), { roleIds: [PILOT] })).toEqual({ over: [PILOT], tried: [] });
    expect(ends(triedAgo(10))).toEqual({ over: [], tried: [] });
  });
});
