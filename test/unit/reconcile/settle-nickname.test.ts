import { describe, expect, test } from 'vitest';

import { PassingRefusalError } from '../../../services/lib/errors.js';
import type { Cause, PresentMember } from '../../../services/model.js';
import { planMemberNickname } from '../../../services/reconcile/plan/plan-nickname.js';
import { rolesOfCauses } from '../../../services/reconcile/plan/plan.js';
import { landedChanges, resumes } from '../../../services/reconcile/settle/record-closing.js';
import { settled } from '../../../services/reconcile/settle/settlement.js';
import { WriteProgress, type WritesDone } from '../../../services/reconcile/write/writes.js';
import {
  DISCORD_USER_ID,
  mappingFacts,
  memberFacts,
  PILOT,
  presentMember,
} from '../../builders/member-facts.js';

const facts = memberFacts({
  nicknamePolicy: { strategy: 'EVE_ONLINE', template: null, onUnlink: 'RESET' },
  person: { username: 'jane', attributes: { character: 'Jane Doe' } },
});

const nothing = {
  add: [],
  remove: [],
  approved: [],
  takenBack: [],
  rejected: [],
  unknown: [],
  blocked: [],
};

function planned(causes: readonly Cause[] = [], shown = presentMember()) {
  const run = { discordUserId: DISCORD_USER_ID, causes };
  return { ...nothing, ...planMemberNickname(facts, run, shown) };
}

const sweep = (more: Partial<Cause> = {}): Cause => ({
  kind: 'SWEEP',
  id: 's',
  actor: 'connector',
  ...more,
});

describe('the nickname strategy of a run', () => {
  test('is set by the last sweep that names one, otherwise by the policy', () => {
    expect(planned().nickname).toBe('Jane Doe');
    expect(planned([sweep({ enforceStrategy: 'NONE' }), sweep()]).nickname).toBeNull();
    expect(
      planned([sweep({ enforceStrategy: 'NONE' }), sweep({ enforceStrategy: 'EVE_ONLINE' })])
        .nickname,
    ).toBe('Jane Doe');
  });

  test('sets no nickname if the client only observes, whatever a sweep requests', () => {
    const observed = {
      ...facts,
      client: { ...facts.client, isObserved: true },
    };
    const run = {
      discordUserId: DISCORD_USER_ID,
      causes: [sweep({ enforceStrategy: 'EVE_ONLINE' })],
    };

    expect(planMemberNickname(observed, run, presentMember()).nickname).toBeNull();
  });
});

describe('a fact about a name', () => {
  const name: Cause = {
    kind: 'EVENT',
    id: 'e',
    actor: 'site',
    isAboutName: true,
  };

  test('affects no role, so the member need not be read', () => {
    expect(rolesOfCauses([name], [mappingFacts()])).toEqual(new Set());
    expect(rolesOfCauses([name, { ...name, groupId: 'pilots' }], [mappingFacts()])).toEqual(
      new Set(),
    );
    const group: Cause = {
      kind: 'EVENT',
      id: 'g',
      actor: 'site',
      groupId: 'pilots',
    };
    expect(rolesOfCauses([name, group], [mappingFacts()])).toEqual(new Set([PILOT]));
  });
});

describe('a record that was left open', () => {
  const record = {
    recordId: 'record-1',
    plannedAdded: [],
    plannedRemoved: [],
    plannedNickname: 'Jane Doe',
    ensured: { added: [], removed: [] },
  };
  const seen = (nickname: string | null) => presentMember({ nickname });
  const landed = (before: PresentMember, actual: PresentMember | null) =>
    landedChanges(record, { mirror: { isPresent: true, ...before }, actual }).nickname;

  test('reports a nickname that Discord shows now and did not show before', () => {
    expect(landed(seen('Old'), seen('Jane Doe'))).toBe('Jane Doe');
    expect(landed(seen('Jane Doe'), seen('Jane Doe'))).toBeNull();
    expect(landed(seen('Old'), seen('Old'))).toBeNull();
    expect(landed(seen('Old'), null)).toBeNull();
  });

  test('is resumed if the same nickname is desired, or none', () => {
    expect(resumes(record, planned())).toBe(true);
    expect(resumes(record, { ...planned(), nickname: null })).toBe(true);
    expect(resumes(record, { ...planned(), nickname: 'Other' })).toBe(false);
  });
});

describe('the result of a nickname write', () => {
  function ending(nickname: WritesDone['nickname'], shown: string | null) {
    const member = {
      isPresent: true,
      ...presentMember({ nickname: shown }),
    } as const;
    const end = settled({
      facts,
      plan: planned(),
      record: {
        recordId: 'record-1',
        verdict: { allowedRemovals: [], heldRemovals: [], reason: null },
      },
      applied: {
        added: [],
        removed: [],
        ensured: { added: [], removed: [] },
        refused: [],
        gone: [],
        nickname,
        observed: member,
      },
      reading: member,
      hasAsked: true,
      isReading: true,
    });
    return end.kind === 'settled' ? end.settlement : null;
  }

  test('is recorded if the nickname was set', () => {
    expect(ending('SET', 'Jane Doe')).toMatchObject({
      outcome: 'APPLIED',
      reason: null,
      closes: { nickname: 'Jane Doe' },
      nickname: { asked: 'Jane Doe', isTaken: true },
    });
  });

  test('is stored and shown if Discord refused it, and does not park the member', () => {
    expect(ending('REFUSED', null)).toMatchObject({
      outcome: 'UNCHANGED',
      reason: 'the nickname is not set: Discord does not accept "Jane Doe"',
      isParked: false,
      closes: { nickname: null },
      nickname: { asked: 'Jane Doe', isTaken: false },
    });
  });

  test('is recorded as Discord shows it if that differs', () => {
    expect(ending('ALTERED', 'Jane D')).toMatchObject({
      isParked: false,
      closes: { nickname: 'Jane D' },
      nickname: { asked: 'Jane Doe', isTaken: false },
    });
  });
});

describe('a response without a nickname', () => {
  const wanted = () =>
    new WriteProgress({
      target: { discordUserId: DISCORD_USER_ID },
      add: [],
      remove: [],
      nickname: 'Jane Doe',
      actual: presentMember({ displayName: 'Old', nickname: 'Older' }),
    });

  test('counts as set if the shown name equals the nickname', () => {
    const progress = wanted();

    progress.keepEdit(
      { add: [], remove: [], nickname: 'Jane Doe', roleIds: null },
      presentMember({ displayName: 'Jane Doe', nickname: null }),
    );

    expect(progress.done()).toMatchObject({
      nickname: 'SET',
      observed: { nickname: null, displayName: 'Jane Doe' },
    });
  });

  test('counts as altered if the shown name differs', () => {
    const progress = wanted();

    progress.keepEdit(
      { add: [], remove: [], nickname: 'Jane Doe', roleIds: null },
      presentMember({ displayName: 'Old', nickname: null }),
    );

    expect(progress.done().nickname).toBe('ALTERED');
  });
});

describe('the nickname of an account whose last link ends', () => {
  const link = {
    linkId: 'link-1',
    platformUserId: 'alice',
    status: 'ENDING',
    isEndAskedFor: true,
  } as const;
  const ending = memberFacts({
    links: [link],
    person: null,
    openRecord: {
      recordId: 'record-1',
      plannedAdded: [],
      plannedRemoved: [],
      plannedNickname: 'Jane Doe',
      ensured: { added: [], removed: [] },
    },
  });
  const run = { discordUserId: DISCORD_USER_ID, causes: [] };
  const shown = presentMember({ nickname: 'Jane Doe' });

  test('is reset if only an interrupted run can have set it', () => {
    expect(planMemberNickname(ending, run, shown).nickname).toBe('');
    const other = presentMember({ nickname: 'Jane Smith' });
    expect(planMemberNickname(ending, run, other).nickname).toBeNull();
    const nameless = presentMember({ displayName: 'Jane Doe' });
    expect(planMemberNickname(ending, run, nameless).nickname).toBeNull();
  });

  test('is not reset again after Discord refused it', () => {
    const refused = { ...ending, nicknameRefused: '' };

    expect(planMemberNickname(refused, run, shown)).toMatchObject({
      nickname: null,
      nicknameBlocked: 'the nickname is not reset: Discord refused it',
    });
  });

  test('does not keep the link from ending when Discord refuses to reset it', () => {
    const member = { isPresent: true, ...shown } as const;
    const plan = { ...nothing, ...planMemberNickname(ending, run, shown) };

    const end = settled({
      facts: { ...ending, openRecord: null },
      plan,
      record: {
        recordId: 'record-2',
        verdict: { allowedRemovals: [], heldRemovals: [], reason: null },
      },
      applied: {
        added: [],
        removed: [],
        ensured: { added: [], removed: [] },
        refused: [],
        gone: [],
        nickname: 'REFUSED',
        observed: member,
      },
      reading: member,
      hasAsked: true,
      isReading: true,
    });

    expect(end).toMatchObject({
      settlement: {
        outcome: 'UNCHANGED',
        reason: 'the nickname is not reset: Discord refused it',
        isParked: false,
        endedLinkIds: ['link-1'],
      },
    });
  });

  test('is reset by a single attempt, even if the refusal may be temporary', () => {
    const progress = new WriteProgress({
      target: { discordUserId: DISCORD_USER_ID },
      add: [],
      remove: [],
      nickname: '',
      actual: shown,
    });

    progress.refuseNickname(new PassingRefusalError('refused with code 0'));

    expect(progress.passing).toBeNull();
    expect(progress.done().nickname).toBe('REFUSED');
  });

  test('does not count as reset while the response still shows it', () => {
    const progress = new WriteProgress({
      target: { discordUserId: DISCORD_USER_ID },
      add: [],
      remove: [],
      nickname: '',
      actual: shown,
    });
    const edit = { add: [], remove: [], nickname: '', roleIds: null };

    progress.keepEdit(edit, shown);

    expect(progress.done().nickname).toBe('ALTERED');
  });
});
