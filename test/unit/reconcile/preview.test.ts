import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { createPreview } from '../../../services/reconcile/plan/preview.js';
import {
  DIRECTOR,
  mappingFacts,
  memberFacts,
  PILOT,
  presentMember,
} from '../../builders/member-facts.js';

const nothingRemoved = {
  roles: new Map(),
  guild: { removedLastHour: 0, due: 0, holders: 100 },
  hasNoMemberships: false,
};

async function preview(facts: Partial<MemberFacts>) {
  const show = createPreview({
    readMember: async () => memberFacts(facts),
    readTally: async () => nothingRemoved,
  });
  return show({ clientId: 'client', discordUserId: '600000000000000001' });
}

const differing = (authority: 'PLATFORM' | 'OBSERVE' | 'DISCORD') => ({
  mappings: [
    mappingFacts({ roleId: PILOT, authority, membership: 'held' as const }),
    mappingFacts({
      roleId: DIRECTOR,
      authority,
      membership: 'notHeld' as const,
    }),
  ],
});

test('the preview shows the roles to add', async () => {
  expect(await preview(differing('PLATFORM'))).toMatchObject({
    add: [PILOT],
    summary: expect.stringMatching(/^1 role to add/),
  });
});

test('the preview shows differences for mappings in OBSERVE, and says so in the summary', async () => {
  const observed = await preview(differing('OBSERVE'));

  expect(observed?.add).toEqual([PILOT]);
  expect(observed?.summary).toMatch(/for mappings in OBSERVE$/);
});

test('the preview shows no role changes if Discord has authority over roles', async () => {
  expect(await preview(differing('DISCORD'))).toMatchObject({
    add: [],
    remove: [],
  });
});

describe('the preview with authority DISCORD', () => {
  const PILOT_TAKEN = {
    mappings: [
      mappingFacts({
        authority: 'DISCORD',
        membership: 'held',
        remote: {
          baseline: { hasRole: true, request: null },
          factOrder: '-/1/false',
          isGroupDeleted: false,
        },
      }),
    ],
  };
  const asked = { groupId: 'pilots', roleId: PILOT, change: 'REMOVED' };

  test('shows the request to the platform', async () => {
    expect(await preview(PILOT_TAKEN)).toMatchObject({
      add: [],
      remove: [],
      requests: [{ ...asked, isHeld: false }],
      summary: '1 change to request from the platform',
    });
  });

  test('shows a request as held if the removal guard would hold it, or already holds it', async () => {
    const none = { guard: { minimum: 0, percent: 0 } };
    const { client } = memberFacts({ client: none });
    const held = [{ ...asked, isHeld: true }];

    expect(await preview({ ...PILOT_TAKEN, client })).toMatchObject({
      requests: held,
    });
    expect(await preview({ ...PILOT_TAKEN, decisions: new Map([[PILOT, 'HELD']]) })).toMatchObject({
      requests: held,
    });
  });

  test('shows a role that the first reading grants, and lists no role as unknown', async () => {
    const [mapping] = PILOT_TAKEN.mappings;
    const remote = { ...mapping?.remote, baseline: null } as const;

    expect(
      await preview({
        mappings: [
          {
            ...mappingFacts(mapping),
            remote: { factOrder: '1', isGroupDeleted: false, ...remote },
          },
        ],
      }),
    ).toMatchObject({ add: [PILOT], requests: [], unknown: [] });
    expect(
      await preview({
        ...PILOT_TAKEN,
        mirror: { isPresent: true, ...presentMember({ roleIds: [PILOT] }) },
      }),
    ).toMatchObject({ unknown: [], summary: 'in step' });
  });
});

const named = {
  nicknamePolicy: { strategy: 'EVE_ONLINE', template: null, onUnlink: 'RESET' },
  person: { username: 'jane', attributes: { character: 'Jane Doe' } },
} as const;

test('the preview shows the nickname to set', async () => {
  expect(await preview(named)).toMatchObject({
    nickname: 'Jane Doe',
    nicknameBlocked: null,
    summary: 'the nickname Jane Doe to set',
  });
});

test('the preview shows that the nickname will be reset', async () => {
  const mirror = presentMember({ nickname: 'Jane Doe' });
  const unlinked = {
    ...named,
    person: null,
    mirror: { isPresent: true, ...mirror },
    nicknameSetHash: createHash('sha256').update('Jane Doe').digest('hex'),
  } as const;

  expect(await preview(unlinked)).toMatchObject({
    nickname: '',
    nicknameBlocked: null,
    summary: 'the nickname to reset',
  });
});

test('the preview shows why a nickname cannot be set', async () => {
  const owned = { ownerId: '600000000000000001', refusals: new Map() };
  const plan = await preview({ ...named, renaming: owned });

  expect(plan?.nickname).toBeNull();
  expect(plan?.nicknameBlocked).toContain('owner');
  expect(plan?.summary).toBe(plan?.nicknameBlocked);
});

test('the preview shows no nickname for a person who is not in the guild', async () => {
  const plan = await preview({ ...named, mirror: { isPresent: false } });

  expect(plan).toMatchObject({ nickname: null, nicknameBlocked: null });
});

test('the preview shows grants that wait for the end of a time-out, and removes at once', async () => {
  const timedOutUntil = new Date(1_000);
  const mirror = {
    isPresent: true,
    ...presentMember({ roleIds: [DIRECTOR], timedOutUntil }),
  } as const;

  expect(await preview({ ...differing('PLATFORM'), mirror, nowMs: 999 })).toMatchObject({
    add: [],
    waiting: [PILOT],
    remove: [DIRECTOR],
    summary:
      '1 role to remove, the member is timed out until 1970-01-01 00:00:01 UTC: 1 role waits for that',
  });
  expect(await preview({ ...differing('PLATFORM'), mirror, nowMs: 1_000 })).toMatchObject({
    add: [PILOT],
    waiting: [],
  });
});
