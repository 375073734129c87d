import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { LinkState } from '../../../services/model.js';
import {
  addClient,
  addGroups,
  addJob,
  addLink,
  addMember,
  addMembership,
  addUsers,
  AT,
  openReadWorld,
  ownId,
  type ReadWorld,
} from './seed.js';

const ONE = ownId(1);
const TWO = ownId(2);
const EMPTY = ownId(3);

/** Links of client ONE, named after their state. Account and user have the same name. */
const LINKS = {
  inStep: ownId(0x10),
  marked: ownId(0x11),
  parked: ownId(0x12),
  never: ownId(0x13),
  unread: ownId(0x14),
  ending: ownId(0x15),
  held: ownId(0x16),
  absent: ownId(0x17),
} as const;

let world: ReadWorld;
beforeAll(async () => {
  world = await openReadWorld();
  const { db } = world;
  for (const id of [ONE, TWO, EMPTY]) await addClient(db, id);
  await addUsers(db, [...Object.keys(LINKS), 'moved']);
  await addGroups(db, { pilots: 'Pilots', gone: 'Gone' });
  for (const [user, id] of Object.entries(LINKS))
    await addLink(db, {
      id,
      clientId: ONE,
      user,
      account: user,
      status: user === 'ending' ? 'ENDING' : 'ACTIVE',
    });
  const states: Record<string, string | null> = {
    inStep: 'IN_STEP',
    marked: 'HELD',
    parked: 'PARKED',
    unread: null,
    ending: 'IN_STEP',
    held: 'HELD',
    absent: 'ABSENT',
  };
  for (const [account, state] of Object.entries(states))
    await addMember(db, {
      clientId: ONE,
      account,
      state,
      roleIds: account === 'inStep' ? ['11', '22'] : [],
    });
  await addJob(db, { clientId: ONE, account: 'marked' });
  await addJob(db, { clientId: ONE, account: 'ending' });
  await addJob(db, { clientId: ONE, account: 'parked', isParked: true });
  // One person with two links: the former account and the current one.
  await addLink(db, {
    id: ownId(0x20),
    clientId: TWO,
    user: 'moved',
    account: 'new',
  });
  await addLink(db, {
    id: ownId(0x21),
    clientId: TWO,
    user: 'moved',
    account: 'old',
    status: 'ENDING',
  });
  await addMembership(db, { user: 'inStep', group: 'pilots' });
  await addMembership(db, { user: 'held', group: 'pilots', isHeld: false });
  await addMembership(db, { user: 'absent', group: 'gone' });
});
afterAll(async () => world.close());

describe('findLinks', () => {
  it('returns links in the requested order, with undefined for an unknown id', async () => {
    const links = await world.read.findLinks([LINKS.held, ownId(0x99), LINKS.inStep, LINKS.held]);

    expect(links.map((link) => link?.id)).toEqual([
      LINKS.held,
      undefined,
      LINKS.inStep,
      LINKS.held,
    ]);
    expect(world.statements()).toBe(1);
  });

  it('shows the link with its member', async () => {
    const [link] = await world.read.findLinks([LINKS.inStep]);

    expect(link).toEqual({
      id: LINKS.inStep,
      clientId: ONE,
      platformUserId: 'inStep',
      discordUserId: 'inStep',
      username: 'name',
      displayName: 'Name',
      nickname: 'Nick',
      roleIds: ['11', '22'],
      state: 'IN_STEP',
      reason: 'because',
      isScreening: true,
      isBanned: false,
      timedOutUntil: AT,
      lastReconciledAt: AT,
      linkedAt: AT,
    });
  });

  it('shows a link whose member was never read', async () => {
    const [link] = await world.read.findLinks([LINKS.never]);

    expect(link).toMatchObject({
      username: null,
      roleIds: [],
      state: 'PENDING',
      isScreening: false,
      isBanned: false,
      timedOutUntil: null,
      lastReconciledAt: null,
    });
  });

  it.each([
    ['inStep', 'IN_STEP'],
    ['marked', 'PENDING'],
    ['parked', 'PARKED'],
    ['never', 'PENDING'],
    ['unread', 'PENDING'],
    ['ending', 'ENDING'],
    ['held', 'HELD'],
    ['absent', 'ABSENT'],
  ] as const)('shows %s as %s', async (name, state) => {
    const [link] = await world.read.findLinks([LINKS[name]]);

    expect(link?.state).toBe(state);
  });
});

describe('finding links by other keys', () => {
  it('returns the active link of a platform user before an ending one', async () => {
    const link = await world.read.findLinkByPlatformUser(TWO, 'moved');
    const ending = await world.read.findLinkByPlatformUser(ONE, 'ending');
    const none = await world.read.findLinkByPlatformUser(EMPTY, 'moved');

    expect(link?.discordUserId).toBe('new');
    expect(ending?.state).toBe('ENDING');
    expect(none).toBeUndefined();
  });

  it('returns links by client and account', async () => {
    const links = await world.read.findLinksByMember([
      { clientId: TWO, discordUserId: 'old' },
      { clientId: ONE, discordUserId: 'old' },
      { clientId: ONE, discordUserId: 'held' },
    ]);

    expect(links.map((link) => link?.id)).toEqual([ownId(0x21), undefined, LINKS.held]);
  });

  it('returns a list of links for each platform user', async () => {
    const lists = await world.read.linksOfPlatformUsers(['moved', 'nobody', 'held']);

    expect(lists.map((links) => links.map((link) => link.id))).toEqual([
      [ownId(0x20), ownId(0x21)],
      [],
      [LINKS.held],
    ]);
  });
});

describe('pages of links', () => {
  const page = { limit: 3, after: null };
  const all = Object.values(LINKS);

  it('are ordered by id', async () => {
    const first = await world.read.pageLinks(ONE, {}, page);
    const second = await world.read.pageLinks(
      ONE,
      {},
      {
        limit: 5,
        after: first.rows.at(-1)?.id ?? null,
      },
    );

    expect(first.rows.map((link) => link.id)).toEqual(all.slice(0, 3));
    expect(first.hasMore).toBe(true);
    expect(second.rows.map((link) => link.id)).toEqual(all.slice(3));
    expect(second.hasMore).toBe(false);
    expect(await world.read.countLinks(ONE, {})).toBe(8);
    expect(await world.read.countLinks(EMPTY, {})).toBe(0);
  });

  const found = async (filter: Parameters<ReadWorld['read']['countLinks']>[1]) => {
    const { rows } = await world.read.pageLinks(ONE, filter, {
      limit: 50,
      after: null,
    });
    expect(await world.read.countLinks(ONE, filter)).toBe(rows.length);
    return rows.map((link) => link.platformUserId);
  };

  it.each<[LinkState[], string[]]>([
    [['IN_STEP'], ['inStep']],
    [['PENDING'], ['marked', 'never', 'unread']],
    [
      ['HELD', 'PARKED'],
      ['parked', 'held'],
    ],
    [['ENDING'], ['ending']],
    [[], []],
  ])('can be filtered by the states %j', async (states, users) => {
    expect(await found({ states })).toEqual(users);
  });

  it('can be filtered by person, account, role and group', async () => {
    expect(await found({ platformUserIds: ['held', 'moved', 'x'] })).toEqual(['held']);
    expect(await found({ discordUserIds: ['absent', 'held'] })).toEqual(['held', 'absent']);
    expect(await found({ roleId: '22' })).toEqual(['inStep']);
    expect(await found({ groupId: 'pilots' })).toEqual(['inStep']);
    expect(await found({ groupId: 'gone' })).toEqual(['absent']);
    expect(await found({ groupId: 'pilots', states: ['HELD'], roleId: '22' })).toEqual([]);
  });
});
