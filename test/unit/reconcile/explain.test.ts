import { describe, expect, test } from 'vitest';

import type { JoinRefusal, RoleBlock } from '../../../services/model.js';
import { explainRole } from '../../../services/reconcile/explain/explain.js';
import type { MembershipKnowledge } from '../../../services/reconcile/ports.js';
import { mappingFacts, memberFacts, PILOT, presentMember } from '../../builders/member-facts.js';
import { roleHistory } from '../../builders/role-history.js';
import {
  DUE_AT,
  ENDING,
  explain,
  LINK,
  SAYS_IN,
  SAYS_NOT_IN,
  SAYS_NOTHING,
  type World,
} from './explain-world.js';
import type { RoleHistory } from '../../../services/reconcile/explain/explanation.js';

const decided = (verdict: 'HELD' | 'REJECTED') => ({
  verdict,
  sweepId: 'sweep-1',
  why: 'no group grants it any more',
  at: new Date(0),
});

describe('the explanation of a role', () => {
  const rightSoon = 'Nothing blocks the change: the next reconcile makes it.';

  test.each<[MembershipKnowledge, boolean | null, string, RoleBlock[]]>([
    ['held', true, `Jane has Pilot because ${SAYS_IN}.`, []],
    ['held', false, `Jane lacks Pilot although ${SAYS_IN}. ${rightSoon}`, []],
    [
      'held',
      null,
      `The connector has not checked yet whether Jane has Pilot; they should have it because ${SAYS_IN}. ${rightSoon}`,
      [],
    ],
    ['notHeld', true, `Jane has Pilot although ${SAYS_NOT_IN}. ${rightSoon}`, []],
    ['notHeld', false, `Jane lacks Pilot because ${SAYS_NOT_IN}.`, []],
    [
      'notHeld',
      null,
      `The connector has not checked yet whether Jane has Pilot; they should not have it because ${SAYS_NOT_IN}. ${rightSoon}`,
      [],
    ],
    [
      'unknown',
      true,
      `Jane has Pilot and keeps it because ${SAYS_NOTHING}.`,
      ['UNKNOWN_MEMBERSHIP'],
    ],
    ['unknown', false, `Jane lacks Pilot because ${SAYS_NOTHING}.`, ['UNKNOWN_MEMBERSHIP']],
    [
      'unknown',
      null,
      `The connector has not checked yet whether Jane has Pilot; it is left as it is because ${SAYS_NOTHING}.`,
      ['UNKNOWN_MEMBERSHIP'],
    ],
  ])('compares membership %s with observed role %s', (membership, isHeld, sentence, blockedBy) => {
    const explanation = explain({ membership, isHeld });

    expect(explanation).toMatchObject({
      desired: { held: 'YES', notHeld: 'NO', unknown: 'UNKNOWN' }[membership],
      isHeld,
      isMapped: true,
      blockedBy,
      sentence,
    });
  });
});

describe('the blocks of a role', () => {
  const parked = { isParked: true, attempts: 0, dueAt: DUE_AT };
  const waiting = { isParked: false, attempts: 0, dueAt: DUE_AT };
  const client = { isEnabled: true, isStopped: false, isPaused: false };

  test.each<[RoleBlock[], World, string]>([
    [['NOT_LINKED'], { links: [ENDING] }, 'because the link to the Discord account is ending.'],
    [
      ['AUTHORITY_DISCORD'],
      { mappings: [{ authority: 'DISCORD', membership: 'held' }] },
      'because Discord decides who holds it and the connector leaves it as it is.',
    ],
    [
      ['AUTHORITY_OBSERVE'],
      { mappings: [{ authority: 'OBSERVE', membership: 'held' }] },
      'because the connector only observes it and leaves it as it is.',
    ],
    [
      ['MAPPING_RETIRED'],
      { mappings: [{ isRetired: true, membership: 'held' }] },
      'because the role is no longer mapped to Pilots.',
    ],
    [['UNKNOWN_MEMBERSHIP'], { membership: 'unknown' }, SAYS_NOTHING],
    [
      ['CLIENT_DISABLED'],
      { history: { client: { ...client, isEnabled: false } } },
      'The client is disabled.',
    ],
    [
      ['CLIENT_STOPPED'],
      { history: { client: { ...client, isStopped: true } } },
      'The client is stopped: Discord rejected its bot token.',
    ],
    [
      ['CLIENT_PAUSED'],
      { history: { client: { ...client, isPaused: true } } },
      'The client is paused: Discord responds as if the bot had left the guild.',
    ],
    [['NOT_IN_GUILD'], { isAbsent: true }, 'The account is not in the guild.'],
    [
      ['BANNED', 'NOT_IN_GUILD'],
      { isAbsent: true, history: { joinRefusal: 'BANNED' } },
      'The guild has banned the account.',
    ],
    [['ROLE_ABOVE_BOT'], { refusal: 'ABOVE_BOT' }, 'The role is not below the bot'],
    [
      ['ROLE_MANAGED'],
      { refusal: 'MANAGED' },
      'Only Discord or an integration can add and remove the role.',
    ],
    [['ROLE_GONE'], { refusal: 'UNKNOWN_ROLE' }, 'The guild no longer has this role.'],
    [
      ['MISSING_PERMISSION'],
      { refusal: 'MISSING_PERMISSION' },
      'The bot lacks the permission Manage Roles.',
    ],
    [
      ['HELD_BY_GUARD'],
      {
        membership: 'notHeld',
        isHeld: true,
        history: { decision: decided('HELD') },
      },
      'The removal guard holds the removal until a person approves or rejects it.',
    ],
    [
      ['REMOVAL_REJECTED'],
      {
        membership: 'notHeld',
        isHeld: true,
        history: { decision: decided('REJECTED') },
      },
      'A person rejected the removal, so the role stays.',
    ],
    [
      ['PARKED'],
      { history: { job: parked, reason: 'Discord refused role 7' } },
      'The change is parked: Discord refused role 7.',
    ],
    [['PENDING'], { history: { job: waiting } }, 'The change is queued.'],
    [
      ['ROLE_ABOVE_BOT', 'PARKED'],
      { refusal: 'ABOVE_BOT', history: { job: parked } },
      'The role is not below the bot',
    ],
    [
      ['CLIENT_STOPPED', 'PENDING'],
      { history: { client: { ...client, isStopped: true }, job: waiting } },
      'The client is stopped',
    ],
  ])('are %j, each with a remedy', (blockedBy, world, words) => {
    const explanation = explain(world);

    expect(explanation.blockedBy).toEqual(blockedBy);
    expect(explanation.sentence).toContain(words);
    expect(explanation.unblockedBy).toHaveLength(blockedBy.length);
    for (const remedy of explanation.unblockedBy) expect(remedy).toMatch(/^\S.+\.$/);
  });

  test('are empty if the role is as desired, even if a change would be blocked', () => {
    const inTrouble: Partial<RoleHistory> = {
      client: { isEnabled: false, isStopped: true, isPaused: true },
      job: waiting,
      decision: decided('HELD'),
      reason: 'another role is held',
    };

    const given = explain({
      isHeld: true,
      refusal: 'ABOVE_BOT',
      history: inTrouble,
    });
    const lacking = explain({
      membership: 'notHeld',
      refusal: 'ABOVE_BOT',
      history: inTrouble,
    });

    expect([given.blockedBy, lacking.blockedBy]).toEqual([[], []]);
  });

  test('do not include a missing role that the person should not have', () => {
    const explanation = explain({
      membership: 'notHeld',
      isHeld: true,
      refusal: 'UNKNOWN_ROLE',
    });

    expect(explanation.blockedBy).toEqual([]);
    expect(explanation.sentence).toBe(
      `Jane has Pilot although ${SAYS_NOT_IN}. The guild no longer has this role.`,
    );
  });

  test('do not include membership screening if the pending member already has the role', () => {
    const explanation = explainRole({
      roleId: PILOT,
      link: LINK,
      facts: memberFacts({
        mappings: [mappingFacts({ membership: 'held' })],
        roles: new Map([[PILOT, null]]),
        mirror: {
          isPresent: true,
          ...presentMember({ isPending: true, roleIds: [PILOT] }),
        },
      }),
      history: roleHistory(),
    });

    expect(explanation?.blockedBy).toEqual([]);
  });

  test.each<[RoleBlock, World, string]>([
    ['PARKED', { history: { job: parked } }, '2026-11-22 18:00:00 UTC'],
    ['PENDING', { history: { job: { ...waiting, attempts: 2 } } }, '2026-11-22 18:00:00 UTC'],
    ...(
      [
        ['GUILD_FULL', 'the guild is full'],
        ['USER_GUILD_LIMIT', 'as many guilds'],
        ['INVALID_TOKEN', 'sign in again'],
        ['MISSING_PERMISSION', 'Create Invite'],
        ['REFUSED', 'Discord gave no reason'],
      ] as readonly [JoinRefusal, string][]
    ).map(([joinRefusal, words]): [RoleBlock, World, string] => [
      'NOT_IN_GUILD',
      { isAbsent: true, history: { joinRefusal } },
      words,
    ]),
  ])('include details in the remedy for %s: %j', (block, world, words) => {
    const { blockedBy, unblockedBy } = explain(world);

    expect(unblockedBy[blockedBy.indexOf(block)]).toContain(words);
  });
});
