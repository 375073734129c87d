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

describe('several mappings of one role', () => {
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
  ])('%#: are told together', (mappings, words, blockedBy) => {
    const explanation = explain({ mappings, history: { groups } });

    expect(explanation.sentence).toContain(words);
    expect(explanation.blockedBy).toEqual(blockedBy);
    expect(explanation.mappings).toHaveLength(2);
  });

  test('name a group that the platform has deleted', () => {
    const { sentence } = explain({
      membership: 'notHeld',
      history: { groups: [groupWord({ isDeleted: true })] },
    });

    expect(sentence).toBe('Jane lacks Pilot because the platform has deleted Pilots.');
  });
});

test('unknown that counts as no is named', () => {
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

describe('a link that ends', () => {
  test('still has its role to be removed', () => {
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

  test('tells nothing of the person who has the account now', () => {
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
  ])('is left alone: %j', (roleIds, sentence) => {
    expect(foreign(roleIds)).toMatchObject({
      isMapped: false,
      desired: 'UNKNOWN',
      mappings: [],
      blockedBy: [],
      sentence,
    });
  });

  test('that was managed once tells who gave it', () => {
    const explanation = foreign([FOREIGN], { lastChange: roleChange() });

    expect(explanation?.sentence).toContain(
      ' It was granted at 2026-11-20 10:00:01 UTC (event 123 of https://platform.example.org).',
    );
  });

  test('that every member has is held, though Discord lists it with nobody', () => {
    const explanation = foreign([], { roleName: '@everyone' }, 'EVERYONE');

    expect(explanation).toMatchObject({
      isHeld: true,
      sentence: 'Jane has @everyone as every member of the guild does.',
    });
  });

  test('that was never read is known by its holder', () => {
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

  test('names what the platform said, where it was made by that', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { lastChange: roleChange() },
    });

    expect(sentence).toBe(
      `Jane has Pilot because the platform says they are in Pilots (${by}, 2026-11-20 10:00:00 UTC).`,
    );
  });

  test('names no day where the platform gave none', () => {
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

  test('likewise of a removal', () => {
    const { sentence } = explain({
      membership: 'notHeld',
      history: { lastChange: roleChange({ change: 'REMOVED' }) },
    });

    expect(sentence).toBe(
      `Jane lacks Pilot because the platform says they are not in Pilots (${by}, 2026-11-20 10:00:00 UTC).`,
    );
  });

  test.each<[string, Partial<RoleHistory>]>([
    ['went the other way', { lastChange: roleChange({ change: 'REMOVED' }) }],
    [
      'is older than what stands',
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
  ])('that %s is not what the platform’s word rests on', (_, history) => {
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
  ] as const)('is told with its own cause otherwise: %j', (cause, words) => {
    const { sentence, lastChange } = explain({
      isHeld: true,
      history: { lastChange: roleChange({ causes: [cause] }) },
    });

    expect(sentence).toBe(`Jane has Pilot because ${SAYS_IN}. ${words}`);
    expect(lastChange?.cause).toEqual(cause);
  });

  test('is explained by the cause about a mapped group, of many the newest', () => {
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

test('a person without a known name is called by the platform’s id', () => {
  const { sentence } = explain({
    isHeld: true,
    history: {
      link: { linkId: 'link-1', platformUserId: 'user-7', username: null },
    },
  });

  expect(sentence).toMatch(/^user-7 has Pilot /);
});
