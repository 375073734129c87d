import { describe, expect, test } from 'vitest';

import {
  planNickname,
  planNicknameOf,
  renameRefusal,
} from '../../../services/reconcile/plan/plan-nickname.js';
import { DISCORD_USER_ID, GUILD_ID, PILOT } from '../../builders/member-facts.js';

type Input = Parameters<typeof planNickname>[0];

const EVE = { strategy: 'EVE_ONLINE', template: null } as const;

function planned(input: Partial<Input> = {}) {
  return planNickname({
    policy: EVE,
    person: { username: 'jane', attributes: { character: 'Jane Doe' } },
    shown: { nickname: null, displayName: 'Alice', username: 'alice' },
    refusal: null,
    refusedBefore: null,
    ...input,
  });
}

const LEAVE = {
  nickname: null,
  nicknameBlocked: null,
  isBlockedByRank: false,
  isWithheld: false,
};

describe('the nickname plan', () => {
  test('sets the nickname if another name is shown', () => {
    expect(planned()).toEqual({ ...LEAVE, nickname: 'Jane Doe' });
  });

  test.each([
    ['the nickname', { nickname: 'Jane Doe', displayName: 'A', username: 'b' }],
    ['the display name', { nickname: null, displayName: 'Jane Doe', username: 'b' }],
    ['the username', { nickname: null, displayName: null, username: 'Jane Doe' }],
    ['what Discord makes of it', { nickname: 'Jane  Doe\u200b', displayName: null, username: 'b' }],
  ])('sets nothing if %s already shows it', (_name, shown) => {
    expect(planned({ shown })).toEqual(LEAVE);
  });

  test.each<[string, Partial<Input>]>([
    ['nobody is linked', { person: null }],
    ['the policy is NONE', { policy: { strategy: 'NONE', template: '%username' } }],
    [
      'another nickname is shown, but a template lacks',
      { policy: { strategy: 'TEMPLATE', template: null } },
    ],
  ])('sets nothing if %s', (_name, input) => {
    expect(planned(input)).toEqual(LEAVE);
  });

  test.each([
    ['was never sent', {}, 'the platform has not sent %character for this person'],
    ['is empty', { character: null }, 'the person has no %character'],
  ])('sets nothing and gives a reason if the character %s', (_name, attributes, missing) => {
    expect(planned({ person: { username: 'jane', attributes } })).toEqual({
      ...LEAVE,
      nicknameBlocked: `the nickname is not set: ${missing}`,
      isWithheld: true,
    });
  });

  test.each([
    ['OWNER', 'owner'],
    ['ABOVE_BOT', 'not below the bot'],
    ['MISSING_PERMISSION', 'Manage Nicknames'],
  ] as const)('gives the reason why the nickname cannot be set: %s', (refusal, word) => {
    const plan = planned({ refusal });

    expect(plan.nickname).toBeNull();
    expect(plan.nicknameBlocked).toContain('the nickname is not set: ');
    expect(plan.nicknameBlocked).toContain(word);
  });

  test('reports no obstacle if nothing needs to be set', () => {
    const shown = { nickname: 'Jane Doe', displayName: null, username: 'x' };

    expect(planned({ refusal: 'OWNER', shown })).toEqual(LEAVE);
  });

  test('does not repeat a nickname that Discord refused, but sets a different one', () => {
    expect(planned({ refusedBefore: 'Jane Doe' })).toEqual({
      ...LEAVE,
      nicknameBlocked: 'the nickname is not set: Discord does not accept "Jane Doe"',
    });
    expect(planned({ refusedBefore: 'Jane' }).nickname).toBe('Jane Doe');
  });
});

describe('the rename refusal', () => {
  const rules = {
    guildId: GUILD_ID,
    ownerId: '900000000000000001',
    refusals: new Map([[PILOT, 'ABOVE_BOT']] as const),
  };
  const member = { discordUserId: DISCORD_USER_ID, roleIds: [] };

  test.each([
    ['somebody without such a role', member, rules, null],
    ['who has a role above the bot', { ...member, roleIds: ['1', PILOT] }, rules, 'ABOVE_BOT'],
    [
      'the owner, whatever the roles',
      { discordUserId: rules.ownerId, roleIds: [PILOT] },
      rules,
      'OWNER',
    ],
    [
      'everybody, where the bot lacks the permission',
      member,
      {
        ...rules,
        refusals: new Map([[GUILD_ID, 'MISSING_PERMISSION']] as const),
      },
      'MISSING_PERMISSION',
    ],
  ] as const)('is determined for %s', (_name, who, known, refusal) => {
    expect(renameRefusal(known, who)).toBe(refusal);
  });

  test('is determined from the roles of a stored member', () => {
    const stored = {
      ...member,
      person: { username: 'jane', attributes: { character: 'Jane' } },
      shown: { nickname: null, displayName: null, username: 'alice' },
      refusedBefore: null,
    };

    expect(planNicknameOf({ ...rules, policy: EVE }, stored).nickname).toBe('Jane');
    expect(
      planNicknameOf({ ...rules, policy: EVE }, { ...stored, roleIds: [PILOT] }),
    ).toMatchObject({
      nickname: null,
      nicknameBlocked: expect.stringContaining('bot'),
    });
  });
});
