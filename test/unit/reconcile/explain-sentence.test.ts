import { describe, expect, test } from 'vitest';

import type { RoleBlock, RoleRefusal } from '../../../services/model.js';
import { explainRole } from '../../../services/reconcile/explain/explain.js';
import type { MappingFacts } from '../../../services/reconcile/ports.js';
import {
  FOREIGN,
  mappingFacts,
  memberFacts,
  PILOT,
  presentMember,
} from '../../builders/member-facts.js';
import { event, groupWord, roleChange, roleHistory } from '../../builders/role-history.js';
import {
  DUE_AT,
  ENDING,
  explain,
  LINK,
  OTHER,
  SAYS_IN,
  SAYS_NOT_IN,
  SAYS_NOTHING,
} from './explain-world.js';
import type { RoleHistory } from '../../../services/reconcile/explain/explanation.js';

describe('the sentence about mapped groups', () => {
  const directors = { mappingId: 'mapping-2', groupId: 'directors' };
  const groups = [groupWord(), groupWord({ groupId: 'directors', name: null, isSnapshot: true })];
  const whole = 'directors (whole list of 2026-11-20 10:00:00 UTC)';

  test.each<[Partial<MappingFacts>[], string, RoleBlock[]]>([
    [
      [{ membership: 'held' }, { ...directors, membership: 'notHeld' }],
      'although the platform says they are in Pilots (2026-11-20 10:00:00 UTC). ',
      [],
    ],
    [
      [{ membership: 'held' }, { ...directors, membership: 'held' }],
      `they are in Pilots (2026-11-20 10:00:00 UTC) and ${whole}. `,
      [],
    ],
    [
      [{ membership: 'notHeld' }, { ...directors, membership: 'notHeld' }],
      `because the platform says they are not in Pilots (2026-11-20 10:00:00 UTC) or ${whole}.`,
      [],
    ],
    [
      [{ membership: 'notHeld' }, { ...directors, membership: 'unknown' }],
      'because the platform has not reported whether they are in directors.',
      ['UNKNOWN_MEMBERSHIP'],
    ],
    [
      [{ membership: 'notHeld' }, { ...directors, membership: 'held', isRetired: true }],
      `because ${SAYS_NOT_IN}, and the role is no longer mapped to directors.`,
      ['MAPPING_RETIRED'],
    ],
    [
      [{ membership: 'notHeld' }, { ...directors, membership: 'notHeld', isRetired: true }],
      `because ${SAYS_NOT_IN}.`,
      [],
    ],
    [
      [{ membership: 'unknown' }, { ...directors, membership: 'held', authority: 'DISCORD' }],
      `because Discord decides who holds it and the connector leaves it as it is, and ${SAYS_NOTHING}.`,
      ['AUTHORITY_DISCORD', 'UNKNOWN_MEMBERSHIP'],
    ],
  ])('combines several mappings of one role (case %#)', (mappings, words, blockedBy) => {
    const explanation = explain({ mappings, history: { groups } });

    expect(explanation.sentence).toContain(words);
    expect(explanation.blockedBy).toEqual(blockedBy);
    expect(explanation.mappings).toHaveLength(2);
  });

  test('says that the platform has deleted the group', () => {
    const { sentence } = explain({
      membership: 'notHeld',
      history: { groups: [groupWord({ isDeleted: true })] },
    });

    expect(sentence).toBe('Jane lacks Pilot because the platform has deleted Pilots.');
  });
});

test('the sentence says that an unknown membership counts as no if the client removes on unknown', () => {
  const explanation = explain({
    membership: 'unknown',
    client: { unknownMembership: 'REMOVE' },
  });

  expect(explanation).toMatchObject({
    desired: 'NO',
    blockedBy: ['UNKNOWN_MEMBERSHIP'],
    sentence: `Jane lacks Pilot because ${SAYS_NOTHING}, which counts as no here.`,
  });
});

describe('an ending link', () => {
  test('is named as the reason for a role removal that is still queued', () => {
    const explanation = explain({
      links: [ENDING],
      isHeld: true,
      history: { job: { isParked: false, attempts: 0, dueAt: DUE_AT } },
    });

    expect(explanation).toMatchObject({
      desired: 'NO',
      blockedBy: ['NOT_LINKED', 'PENDING'],
      sentence:
        'Jane has Pilot although the link to the Discord account is ending. The change is queued.',
    });
  });

  test('reveals no membership of the person who has the account now', () => {
    const explanation = explain({
      links: [ENDING, OTHER],
      isHeld: true,
      membership: 'held',
    });

    expect(explanation).toMatchObject({
      desired: 'NO',
      blockedBy: ['NOT_LINKED'],
      sentence:
        'Jane has Pilot although the link to the Discord account is ending, and the account is now linked to another user.',
    });
    expect(explanation.mappings[0]?.membership).toBe('UNKNOWN');
  });

  test('of another person does not hide the facts about the linked one', () => {
    const explanation = explain({
      links: [LINK, { ...OTHER, status: 'ENDING' }],
      isHeld: true,
    });

    expect(explanation.sentence).toBe(`Jane has Pilot because ${SAYS_IN}.`);
  });
});

describe('a foreign role', () => {
  const foreign = (
    roleIds: readonly string[] | null,
    history: Partial<RoleHistory> = {},
    refusal: RoleRefusal | null = null,
  ) =>
    explainRole({
      roleId: FOREIGN,
      link: LINK,
      facts: memberFacts({
        mappings: [mappingFacts()],
        roles: new Map([[FOREIGN, refusal]]),
        mirror:
          roleIds === null
            ? { isPresent: false }
            : { isPresent: true, ...presentMember({ roleIds }) },
      }),
      history: roleHistory({ roleName: 'Veteran', groups: [], ...history }),
    });

  test.each<[readonly string[] | null, string]>([
    [[FOREIGN], 'Jane has Veteran, which is not mapped, so the connector never changes it.'],
    [[], 'Jane lacks Veteran, which is not mapped, so the connector never changes it.'],
    [null, 'Jane lacks Veteran because the account is not in the guild.'],
  ])('has no desired state and no blocks: %j', (roleIds, sentence) => {
    expect(foreign(roleIds)).toMatchObject({
      isMapped: false,
      desired: 'UNKNOWN',
      mappings: [],
      blockedBy: [],
      sentence,
    });
  });

  test('is explained with its last change if it was mapped before', () => {
    const explanation = foreign([FOREIGN], { lastChange: roleChange() });

    expect(explanation?.sentence).toContain(
      ' It was granted at 2026-11-20 10:00:01 UTC (event 123 of https://platform.example.org).',
    );
  });

  test('counts as held if it is @everyone, which Discord lists for no member', () => {
    const explanation = foreign([], { roleName: '@everyone' }, 'EVERYONE');

    expect(explanation).toMatchObject({
      isHeld: true,
      sentence: 'Jane has @everyone as every member of the guild does.',
    });
  });

  test('that was never read is explained only if the member has it', () => {
    const facts = memberFacts({
      mirror: { isPresent: true, ...presentMember({ roleIds: [FOREIGN] }) },
    });
    const history = roleHistory({ roleName: null });

    expect(explainRole({ roleId: FOREIGN, link: LINK, facts, history })?.sentence).toContain(
      `Jane has role ${FOREIGN}, which is not mapped`,
    );
    expect(explainRole({ roleId: PILOT, link: LINK, facts, history })).toBeNull();
  });
});

describe('the last change', () => {
  const by = 'event 123 of https://platform.example.org';

  test('is shown as the membership event that caused it, with the time', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { lastChange: roleChange() },
    });

    expect(sentence).toBe(
      `Jane has Pilot because the platform says they are in Pilots (${by}, 2026-11-20 10:00:00 UTC).`,
    );
  });

  test('is shown without a time if the platform sent none', () => {
    const undated = [groupWord({ saidAt: new Date(1_000) })];

    const told = explain({
      isHeld: true,
      history: { lastChange: roleChange(), groups: undated },
    });
    const untold = explain({ isHeld: true, history: { groups: undated } });

    expect(told.sentence).toBe(
      `Jane has Pilot because the platform says they are in Pilots (${by}).`,
    );
    expect(untold.sentence).toBe('Jane has Pilot because the platform says they are in Pilots.');
  });

  test('is shown as the event that caused it for a removal too', () => {
    const { sentence } = explain({
      membership: 'notHeld',
      history: { lastChange: roleChange({ change: 'REMOVED' }) },
    });

    expect(sentence).toBe(
      `Jane lacks Pilot because the platform says they are not in Pilots (${by}, 2026-11-20 10:00:00 UTC).`,
    );
  });

  test.each<[string, Partial<RoleHistory>]>([
    ['changed in the opposite direction', { lastChange: roleChange({ change: 'REMOVED' }) }],
    [
      'is older than the recorded fact',
      {
        lastChange: roleChange(),
        groups: [groupWord({ saidAt: new Date('2026-11-20T10:00:02Z') })],
      },
    ],
    [
      'was about another group',
      {
        lastChange: roleChange({
          causes: [{ ...event, groupId: 'directors' }],
        }),
      },
    ],
  ])('that %s is not shown as the source of the membership', (_, history) => {
    const { sentence } = explain({ isHeld: true, history });

    expect(sentence).toMatch(
      /^Jane has Pilot because the platform says they are in Pilots \(2026-11-20 10:00:0\d UTC\)\./,
    );
  });

  test.each([
    [
      { kind: 'MUTATION', id: 'r-1', actor: 'ops' },
      'It was granted at 2026-11-20 10:00:01 UTC (request r-1 of ops).',
    ],
    [
      { kind: 'SWEEP', id: 's-1', actor: 'VERIFY_GROUPS' },
      'It was granted at 2026-11-20 10:00:01 UTC (sweep s-1).',
    ],
    [
      { kind: 'REPAIR', id: 'parked', actor: 'connector' },
      'It was granted at 2026-11-20 10:00:01 UTC (a repair by connector).',
    ],
  ] as const)('is shown in a separate sentence for any other cause: %j', (cause, words) => {
    const { sentence, lastChange } = explain({
      isHeld: true,
      history: { lastChange: roleChange({ causes: [cause] }) },
    });

    expect(sentence).toBe(`Jane has Pilot because ${SAYS_IN}. ${words}`);
    expect(lastChange?.cause).toEqual(cause);
  });

  test('is attributed to the newest cause about a mapped group', () => {
    const causes = [
      event,
      { ...event, id: '124' },
      { kind: 'SWEEP', id: 's-1', actor: 'VERIFY_GROUPS' } as const,
    ];
    const { lastChange } = explain({
      isHeld: true,
      history: { lastChange: roleChange({ causes }) },
    });

    expect(lastChange).toEqual({
      auditRecordId: 'record-1',
      change: 'ADDED',
      at: new Date('2026-11-20T10:00:01Z'),
      cause: causes[1],
    });
  });
});

test('the sentence names a person without a known username by their platform user id', () => {
  const { sentence } = explain({
    isHeld: true,
    history: {
      link: { linkId: 'link-1', platformUserId: 'user-7', username: null },
    },
  });

  expect(sentence).toMatch(/^user-7 has Pilot /);
});
