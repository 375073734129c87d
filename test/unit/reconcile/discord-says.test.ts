import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isQuiet, remoteVerdict } from '../../../services/reconcile/plan/plan-requests.js';
import type { MembershipKnowledge } from '../../../services/reconcile/ports.js';
import type {
  Baseline,
  RemoteFacts,
  RequestedChange,
  RequestState,
} from '../../../services/reconcile/plan/remote.js';

const baseline = (
  hasRole: boolean,
  change?: RequestedChange,
  state: RequestState = 'OPEN',
): Baseline => ({
  hasRole,
  request: change ? { change, state, askedOrder: 'then' } : null,
});

const remoteFacts = (facts: Partial<RemoteFacts> = {}): RemoteFacts => ({
  baseline: null,
  factOrder: 'then',
  isGroupDeleted: false,
  ...facts,
});

const read = (
  hasRole: boolean,
  membership: MembershipKnowledge,
  facts: Partial<RemoteFacts> = {},
) => remoteVerdict({ remote: remoteFacts(facts), hasRole, membership });

const QUIET = { gives: false, asks: null } as const;

describe('the first reading', () => {
  test.each([
    ['agrees', true, 'held', QUIET, baseline(true)],
    ['agrees on nothing', false, 'notHeld', QUIET, baseline(false)],
    [
      'finds the role alone: the platform is asked to add',
      true,
      'notHeld',
      { gives: false, asks: 'ADDED' },
      baseline(true, 'ADDED'),
    ],
    [
      'finds the group alone: the role is given, nobody is asked to remove',
      false,
      'held',
      { gives: true, asks: null },
      baseline(true),
    ],
    ['does not count while the group is unknown', false, 'unknown', QUIET, null],
    ['asks for nothing unknown', true, 'unknown', QUIET, null],
  ] as const)('%s', (_what, hasRole, membership, effect, next) => {
    expect(read(hasRole, membership)).toEqual({ ...effect, next });
  });
});

describe('a later reading', () => {
  test.each([
    [
      'asks to add whom a moderator gave the role',
      [true, 'notHeld', baseline(false)],
      { gives: false, asks: 'ADDED' },
      baseline(true, 'ADDED'),
    ],
    [
      'asks to remove whom a moderator took the role from',
      [false, 'held', baseline(true)],
      { gives: false, asks: 'REMOVED' },
      baseline(false, 'REMOVED'),
    ],
    ['asks once', [true, 'notHeld', baseline(true, 'ADDED')], QUIET, baseline(true, 'ADDED')],
    [
      'closes what the platform has confirmed',
      [true, 'held', baseline(true, 'ADDED')],
      QUIET,
      baseline(true),
    ],
    [
      'closes what Discord has taken back itself',
      [false, 'notHeld', baseline(true, 'ADDED')],
      QUIET,
      baseline(false),
    ],
    [
      'replaces a request by its contrary',
      [false, 'held', baseline(true, 'ADDED')],
      { gives: false, asks: 'REMOVED' },
      baseline(false, 'REMOVED'),
    ],
    [
      'leaves a disputed one alone',
      [true, 'notHeld', baseline(true, 'ADDED', 'DISPUTED')],
      QUIET,
      baseline(true, 'ADDED', 'DISPUTED'),
    ],
    [
      'decides anew when Discord has changed since',
      [false, 'held', baseline(true, 'ADDED', 'DISPUTED')],
      { gives: false, asks: 'REMOVED' },
      baseline(false, 'REMOVED'),
    ],
    [
      'leaves all as it is while the group is unknown',
      [false, 'unknown', baseline(true, 'ADDED')],
      QUIET,
      baseline(true, 'ADDED'),
    ],
  ] as const)('%s', (_what, [hasRole, membership, before], effect, next) => {
    const verdict = read(hasRole, membership, { baseline: before });

    expect(verdict).toEqual({ ...effect, next });
  });

  test('marks the request as disputed if the platform reports the opposite, and does not repeat it', () => {
    const verdict = read(true, 'notHeld', {
      baseline: baseline(true, 'ADDED'),
      factOrder: 'later',
    });

    expect(verdict).toEqual({
      ...QUIET,
      next: baseline(true, 'ADDED', 'DISPUTED'),
    });
  });

  test.each([
    [null, true],
    [baseline(true, 'REMOVED'), false],
  ])('forgets the baseline of a group that the platform has deleted', (before, hasRole) => {
    const verdict = read(hasRole, 'notHeld', {
      baseline: before,
      isGroupDeleted: true,
    });

    expect(verdict).toEqual({ ...QUIET, next: null });
  });
});

describe('any sequence of changes on both sides', () => {
  /**
   * Events between two readings. `obey`: the platform carries out the open request, if any.
   */
  const step = fc.constantFrom(
    'give role',
    'take role',
    'add to group',
    'take out of group',
    'say again',
    'obey',
    'forget',
  );
  type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

  interface Play {
    hasRole: boolean;
    isHeld: boolean | null;
    order: number;
    remembered: Baseline | null;
  }

  /** The membership that the platform reports; undefined if it reports nothing. */
  function saidBy(play: Play, each: Step): boolean | undefined {
    const asked = play.remembered?.request?.change;
    if (each === 'add to group') return true;
    if (each === 'take out of group') return false;
    if (each === 'say again') return play.isHeld ?? undefined;
    return each === 'obey' && asked ? asked === 'ADDED' : undefined;
  }

  function happen(play: Play, each: Step): void {
    if (each === 'give role') play.hasRole = true;
    if (each === 'take role') play.hasRole = false;
    if (each === 'forget') play.remembered = null;
    const isHeld = saidBy(play, each);
    if (isHeld === undefined) return;
    play.isHeld = isHeld;
    play.order += 1;
  }

  function look(play: Play) {
    const said = play.isHeld === true ? 'held' : 'notHeld';
    const membership = play.isHeld === null ? 'unknown' : said;
    const remote = remoteFacts({
      baseline: play.remembered,
      factOrder: play.isHeld === null ? null : String(play.order),
    });
    const { hasRole } = play;
    const before = play.remembered;
    const verdict = remoteVerdict({ remote, membership, hasRole });
    play.remembered = verdict.next;
    if (verdict.gives) play.hasRole = true;
    return { verdict, before, remote };
  }

  const aPlay = fc.record({
    hasRole: fc.boolean(),
    isHeld: fc.constantFrom(null, true, false),
    order: fc.constant(0),
    remembered: fc.constant(null),
  });

  test('leads to requests only for differences, no removal request on a first reading, and no effect if a reading is repeated', () => {
    fc.assert(
      fc.property(aPlay, fc.array(step, { maxLength: 20 }), (start, steps) => {
        const play: Play = { ...start };
        for (const each of steps) {
          happen(play, each);
          const { verdict, before } = look(play);
          if (verdict.asks === 'REMOVED') {
            expect(before).not.toBeNull();
            expect([play.hasRole, play.isHeld]).toEqual([false, true]);
          }
          if (verdict.asks === 'ADDED') expect([play.hasRole, play.isHeld]).toEqual([true, false]);
          if (verdict.gives) expect(before).toBeNull();

          const again = look(play);
          expect(isQuiet(again.verdict, again.remote)).toBe(true);
        }
      }),
    );
  });

  test('ends with both sides equal and no open request if the platform carries out each request', () => {
    fc.assert(
      fc.property(aPlay, fc.array(step, { maxLength: 20 }), (start, steps) => {
        const play: Play = { ...start };
        for (const each of steps) {
          happen(play, each);
          look(play);
        }
        look(play);
        happen(play, 'obey');
        look(play);

        expect(play.remembered?.request ?? null).toBeNull();
        if (play.isHeld !== null) expect(play.isHeld).toBe(play.hasRole);
      }),
    );
  });
});
