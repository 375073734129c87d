import { beforeEach, describe, expect, test } from 'vitest';

import {
  LeaseLostError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../../services/lib/errors.js';
import { createBringIn } from '../../../services/reconcile/join/bring-in.js';
import type { JoinRequest, MemberFacts } from '../../../services/reconcile/ports.js';
import {
  DIRECTOR,
  DISCORD_USER_ID,
  mappingFacts,
  memberFacts,
  PILOT,
  presentMember,
} from '../../builders/member-facts.js';
import type { TokenGrant } from '../../../services/model.js';

const NOW_MS = 1_000_000;
const GRANT = { grantId: 'grant-1', isJoinWanted: true };

/** The steps of the run, in order. */
let done: string[];
let asked: JoinRequest[];
let kept: TokenGrant | null;
/** Results of the next join calls, in order; after them every person joins. */
let answers: (Error | 'alreadyMember')[];
let refreshed: TokenGrant | Error;
let isLeased: boolean;

beforeEach(() => {
  done = [];
  asked = [];
  answers = [];
  isLeased = true;
  kept = grant('access');
  refreshed = grant('renewed');
});

function grant(accessToken: string, given: Partial<TokenGrant> = {}) {
  return {
    accessToken,
    refreshToken: `refresh of ${accessToken}`,
    expiresAt: new Date(NOW_MS + 3_600_000),
    scopes: ['identify', 'guilds.join'],
    ...given,
  };
}

function bringIn(given: Parameters<typeof memberFacts>[0] = {}) {
  const facts: MemberFacts = memberFacts({
    mirror: null,
    grant: GRANT,
    mappings: [mappingFacts({ membership: 'held' })],
    ...given,
    client: { waitsForScreening: false, ...given.client },
  });
  const bring = createBringIn({
    clock: () => NOW_MS,
    grants: {
      readGrant: async () => kept,
      renewGrant: async (grantId, { accessToken }) =>
        void done.push(`store ${grantId} ${accessToken}`),
    },
    refreshGrant: async (_clientId, refreshToken) => {
      done.push(`refresh ${refreshToken}`);
      if (refreshed instanceof Error) throw refreshed;
      return refreshed;
    },
    discord: {
      async joinMember(request) {
        done.push(`join with ${request.accessToken}`);
        asked.push(request);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        if (answer === 'alreadyMember') return { kind: 'alreadyMember' };
        const { roleIds, nickname } = request;
        const member = presentMember({ roleIds, nickname });
        return { kind: 'joined', member };
      },
    },
  });
  return bring({
    facts,
    causes: [],
    target: { ...facts.client, discordUserId: DISCORD_USER_ID, isUrgent: true },
    openRecord: async ({ add }) => {
      done.push(`open a record of ${add.length}`);
      return {
        recordId: facts.openRecord?.recordId ?? 'record-1',
        verdict: { allowedRemovals: [], heldRemovals: [], reason: null },
      };
    },
    isLeased: () => isLeased,
  });
}

const gifts = () => asked.map(({ roleIds, nickname }) => ({ roleIds, nickname }));

describe('a client that waits for screening', () => {
  const client = { waitsForScreening: true };

  test('adds the person with neither roles nor nickname, and records the remaining changes', async () => {
    const nicknamePolicy = {
      strategy: 'TEMPLATE',
      template: '%username',
      onUnlink: 'RESET',
    } as const;

    const arrival = await bringIn({ client, nicknamePolicy });

    expect(gifts()).toEqual([{ roleIds: [], nickname: null }]);
    expect(arrival).toMatchObject({
      kind: 'NOT_JOINED',
      refusal: null,
      arrived: { roleIds: [] },
      openRecord: { plannedAdded: [PILOT], plannedNickname: 'jane' },
    });
  });

  test('leaves a nickname to be set after the join, even without roles', async () => {
    const nicknamePolicy = {
      strategy: 'TEMPLATE',
      template: '%username',
      onUnlink: 'RESET',
    } as const;

    const arrival = await bringIn({ client, nicknamePolicy, mappings: [] });

    expect(gifts()).toEqual([{ roleIds: [], nickname: null }]);
    expect(arrival).toMatchObject({ kind: 'NOT_JOINED', refusal: null });
  });

  test('leaves nothing to do after the join if there is nothing to change', async () => {
    expect(await bringIn({ client, mappings: [] })).toMatchObject({
      kind: 'JOINED',
    });
  });
});

describe('the person’s token', () => {
  test('is used without renewal while it is valid, after the record was opened', async () => {
    expect(await bringIn()).toMatchObject({ kind: 'JOINED' });

    expect(done).toEqual(['open a record of 1', 'join with access']);
  });

  test.each([
    { what: 'has ended', leftMs: -1 },
    { what: 'is about to end', leftMs: 60_000 },
  ])(
    'that $what is renewed, and the new pair stored, before any other step',
    async ({ leftMs }) => {
      kept = grant('access', { expiresAt: new Date(NOW_MS + leftMs) });

      await bringIn();

      expect(done).toEqual([
        'refresh refresh of access',
        'store grant-1 renewed',
        'open a record of 1',
        'join with renewed',
      ]);
    },
  );

  test.each<{ what: string; arrange: () => void }>([
    { what: 'was given up', arrange: () => void (kept = null) },
    {
      what: 'has ended and cannot be renewed',
      arrange: () =>
        void (kept = grant('access', {
          refreshToken: null,
          expiresAt: new Date(NOW_MS),
        })),
    },
    {
      what: 'is renewed by Discord no more',
      arrange: () => {
        kept = grant('access', { expiresAt: new Date(NOW_MS) });
        refreshed = new TerminalError('INVALID_GRANT', 'revoked');
      },
    },
  ])('that $what prevents the join: no join call, no record', async ({ arrange }) => {
    arrange();

    expect(await bringIn()).toEqual({
      kind: 'NOT_JOINED',
      refusal: 'INVALID_TOKEN',
      arrived: null,
      openRecord: null,
    });
    expect(done.filter((step) => /^(open|join|store)/.test(step))).toEqual([]);
  });

  test.each([
    new TerminalError('INVALID_CLIENT', 'the secret is wrong'),
    new UnavailableError('away'),
    new RetryLaterError(new Date(), 'wait'),
  ])('makes the run fail if renewing it fails with $name', async (error) => {
    kept = grant('access', { expiresAt: new Date(NOW_MS) });
    refreshed = error;

    await expect(bringIn()).rejects.toBe(error);
  });
});

describe('Discord’s response to the join', () => {
  test.each(['BANNED', 'GUILD_FULL', 'USER_GUILD_LIMIT', 'INVALID_TOKEN'])(
    'of %s is returned as the refusal, after one call',
    async (code) => {
      answers = [new TerminalError(code, 'no')];

      expect(await bringIn()).toEqual({
        kind: 'NOT_JOINED',
        refusal: code,
        arrived: null,
        openRecord: {
          recordId: 'record-1',
          plannedAdded: [PILOT],
          plannedRemoved: [],
          plannedNickname: null,
          ensured: { added: [PILOT], removed: [] },
        },
      });
      expect(asked).toHaveLength(1);
    },
  );

  test.each([
    new TerminalError('UNAUTHORIZED', 'the bot token'),
    new TerminalError('UNKNOWN_GUILD', 'the guild'),
    new TerminalError('MISSING_ACCESS', 'the call'),
    new RetryLaterError(new Date(), 'wait'),
    new UnavailableError('away'),
    new Error('a fault of ours'),
  ])('makes the run fail if it does not concern the person: $message', async (error) => {
    answers = [error];

    await expect(bringIn()).rejects.toBe(error);
    expect(asked).toHaveLength(1);
  });

  test('that the person is already a member leaves the changes to be made under the same record', async () => {
    answers = ['alreadyMember'];

    expect(await bringIn()).toMatchObject({
      kind: 'NOT_JOINED',
      refusal: null,
      openRecord: { recordId: 'record-1', plannedAdded: [PILOT] },
    });
  });

  test('does not change a record that was already open', async () => {
    const openRecord = {
      recordId: 'record-0',
      plannedAdded: [PILOT, DIRECTOR],
      plannedRemoved: [],
      plannedNickname: null,
      ensured: { added: [], removed: [] },
    };
    answers = ['alreadyMember'];

    expect(await bringIn({ openRecord })).toMatchObject({ openRecord });
  });
});

describe('a refusal because of roles or nickname', () => {
  const nicknamePolicy = {
    strategy: 'TEMPLATE',
    template: '%username',
    onUnlink: 'RESET',
  } as const;

  test.each(['MISSING_PERMISSION', 'UNKNOWN_ROLE', 'REFUSED'])(
    '(%s) repeats the join without the roles, and leaves them to be added afterwards',
    async (code) => {
      answers = [new TerminalError(code, 'no')];

      expect(await bringIn({ nicknamePolicy })).toMatchObject({
        kind: 'NOT_JOINED',
        refusal: null,
        openRecord: { plannedAdded: [PILOT] },
      });
      expect(gifts()).toEqual([
        { roleIds: [PILOT], nickname: 'jane' },
        { roleIds: [], nickname: 'jane' },
      ]);
    },
  );

  test('repeats the join without the nickname', async () => {
    answers = [new TerminalError('MISSING_PERMISSION', 'no')];

    expect(await bringIn({ nicknamePolicy, mappings: [] })).toMatchObject({
      kind: 'JOINED',
    });
    expect(gifts()).toEqual([
      { roleIds: [], nickname: 'jane' },
      { roleIds: [], nickname: null },
    ]);
  });

  test('is returned as the person’s refusal if roles and nickname are already left out', async () => {
    answers = Array.from({ length: 3 }, () => new TerminalError('MISSING_PERMISSION', 'no'));

    expect(await bringIn({ nicknamePolicy })).toMatchObject({
      kind: 'NOT_JOINED',
      refusal: 'MISSING_PERMISSION',
    });
    expect(asked).toHaveLength(3);
  });

  test('is replaced by the refusal of the last call', async () => {
    answers = [new TerminalError('MISSING_PERMISSION', 'no'), new TerminalError('BANNED', 'no')];

    expect(await bringIn({ nicknamePolicy })).toMatchObject({
      refusal: 'BANNED',
    });
    expect(asked).toHaveLength(2);
  });
});

test('a process that has lost the bot lease does not add the person to the guild', async () => {
  isLeased = false;

  await expect(bringIn()).rejects.toThrow(LeaseLostError);
  expect(asked).toEqual([]);
});
