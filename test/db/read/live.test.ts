import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  addClient,
  addGroups,
  addLink,
  addMember,
  addRole,
  addUsers,
  AT,
  openReadWorld,
  ownId,
  type ReadWorld,
} from './seed.js';

const CLIENT = ownId(1);
const OTHER = ownId(2);

let world: ReadWorld;
beforeAll(async () => {
  world = await openReadWorld();
});
afterAll(async () => world.close());
beforeEach(async () => {
  await sql`truncate client, platform_user, platform_group cascade`.execute(world.db);
  for (const id of [CLIENT, OTHER]) await addClient(world.db, id);
});

const setClient = (change: string) =>
  sql`update client set ${sql.raw(change)} where id = ${CLIENT}`.execute(world.db);

const liveGuild = (state: string, liveUntil: string | null, more: Record<string, string> = {}) =>
  sql`insert into live_guild (client_id, state, since, live_until ${sql.raw(
    Object.keys(more)
      .map((name) => `, ${name}`)
      .join(''),
  )}) values (${CLIENT}, ${state}, '2026-11-30T10:00Z', ${sql.raw(liveUntil ?? 'null')} ${sql.raw(
    Object.values(more)
      .map((value) => `, ${value}`)
      .join(''),
  )})`.execute(world.db);

const live = async () => {
  const [status] = await world.read.liveOfClients([CLIENT]);
  return status;
};

describe('the live state of a client', () => {
  it('is CONNECTING while no process has opened a session', async () => {
    expect(await live()).toEqual({
      state: 'CONNECTING',
      reason: 'no process runs the part `reconcile`',
      since: AT,
      lastEventAt: null,
      gapSince: null,
      missed: 0,
    });
  });

  it('is the stored state, with the last event and the open gap', async () => {
    await liveGuild('CATCHING_UP', `now() + interval '1 minute'`, {
      last_event_at: `'2026-11-30T11:00:00.123Z'`,
      gap_at: `'2026-11-30T10:30Z'`,
      missed: '7',
    });

    expect(await live()).toEqual({
      state: 'CATCHING_UP',
      reason: null,
      since: new Date('2026-11-30T10:00Z'),
      lastEventAt: new Date('2026-11-30T11:00:00.123Z'),
      gapSince: new Date('2026-11-30T10:30Z'),
      missed: 7,
    });
  });

  it('is CONNECTING once no process has confirmed the session in time', async () => {
    await liveGuild('LIVE', `'2026-11-30T11:00Z'`);

    expect(await live()).toMatchObject({
      state: 'CONNECTING',
      reason: 'no process has confirmed the session since 2026-11-30T11:00:00.000Z',
      since: new Date('2026-11-30T11:00Z'),
    });
  });

  it('keeps the reason of a session that cannot be opened', async () => {
    await liveGuild('POLLING', null, { reason: `'the intent is off'` });

    expect(await live()).toMatchObject({ state: 'POLLING', reason: 'the intent is off' });
  });

  it('names an outage that Discord has reported', async () => {
    await liveGuild('LIVE', `now() + interval '1 minute'`, {
      unavailable_since: `'2026-11-30T11:00Z'`,
    });

    expect(await live()).toMatchObject({
      state: 'LIVE',
      reason: 'Discord has reported an outage of the server since 2026-11-30T11:00:00.000Z',
    });
  });

  it.each([
    ['is_live = false', 'the setting `live` is false'],
    ['is_enabled = false', 'the client is disabled'],
    [`stopped_at = now(), trouble = '401'`, 'the client is stopped: 401'],
    ['ending_at = now()', 'the client is being deleted'],
  ])('is OFF after "%s", whatever was stored before', async (change, reason) => {
    await liveGuild('LIVE', `now() + interval '1 minute'`);
    await setClient(change);

    expect(await live()).toMatchObject({ state: 'OFF', reason, since: null });
  });

  it('is read with one statement for all clients, in their order', async () => {
    await liveGuild('LIVE', `now() + interval '1 minute'`);
    world.statements();

    const found = await world.read.liveOfClients([OTHER, ownId(9), CLIENT]);

    expect(world.statements()).toBe(1);
    expect(found.map((each) => each?.state)).toEqual(['CONNECTING', undefined, 'LIVE']);
  });
});

describe('disputes', () => {
  const links = { kept: ownId(0x10), taken: ownId(0x11), asked: ownId(0x12), calm: ownId(0x13) };

  beforeEach(async () => {
    const { db } = world;
    await addUsers(db, Object.keys(links));
    await addGroups(db, { pilots: 'Pilots' });
    for (const id of ['11', '12']) await addRole(db, { clientId: CLIENT, id });
    for (const [user, id] of Object.entries(links)) {
      await addLink(db, { id, clientId: CLIENT, user, account: user });
      const roleIds = user === 'kept' || user === 'calm' ? ['11'] : [];
      await addMember(db, { clientId: CLIENT, account: user, state: 'IN_STEP', roleIds });
    }
    await sql`insert into role_mapping (id, client_id, group_id, role_id, authority, created_at)
      values (${ownId(0x30)}, ${CLIENT}, 'pilots', '12', 'DISCORD', now()),
        (${ownId(0x31)}, ${CLIENT}, 'pilots', '11', null, now())`.execute(db);
    await sql`insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, by_discord_user_id, by_name, disputed_since)
      values (${CLIENT}, 'kept', '11', true, now(), '9', 'Other bot', '2026-11-30T10:00Z'),
        (${CLIENT}, 'taken', '11', false, now(), '8', null, '2026-11-30T11:00Z'),
        (${CLIENT}, 'calm', '11', false, now(), '8', null, '2026-11-30T11:00Z'),
        (${CLIENT}, 'calm', '12', true, now(), '8', null, null)`.execute(db);
    await sql`insert into remote_membership (link_id, mapping_id, has_role, request, request_state, request_id, asked_at, asked_order)
      values (${links.asked}, ${ownId(0x30)}, true, 'ADDED', 'DISPUTED', gen_random_uuid(), '2026-11-30T09:00Z', 'o')`.execute(
      db,
    );
  });

  it('name the other account and the role, for all links with one statement', async () => {
    world.statements();

    const found = await world.read.disputesOfLinks([
      links.asked,
      links.calm,
      links.taken,
      links.kept,
    ]);

    expect(world.statements()).toBe(1);
    expect(found).toEqual([
      {
        clientId: CLIENT,
        roleId: '12',
        kind: 'REQUEST',
        by: null,
        since: new Date('2026-11-30T09:00Z'),
      },
      null,
      {
        clientId: CLIENT,
        roleId: '11',
        kind: 'REVERSALS',
        by: '8',
        since: new Date('2026-11-30T11:00Z'),
      },
      {
        clientId: CLIENT,
        roleId: '11',
        kind: 'REVERSALS',
        by: 'Other bot (9)',
        since: new Date('2026-11-30T10:00Z'),
      },
    ]);
  });

  it('end when the change lasts or the member leaves', async () => {
    await sql`update member set role_ids = '{}' where discord_user_id = 'kept'`.execute(world.db);
    await sql`update member set is_present = false where discord_user_id = 'taken'`.execute(
      world.db,
    );

    expect(await world.read.disputesOfLinks([links.kept, links.taken])).toEqual([null, null]);
  });

  it.each([
    'delete from role_mapping where role_id = 11::text',
    `update role_mapping set authority = 'OBSERVE' where role_id = 11::text`,
    `update client set authority = 'OBSERVE'`,
  ])('end when the platform no longer decides about the role: %s', async (change) => {
    await sql.raw(change).execute(world.db);

    expect(await world.read.disputesOfLinks([links.kept, links.taken])).toEqual([null, null]);
    const [counts] = await world.read.disputesOfClients([CLIENT]);
    expect(counts).toMatchObject({ reversals: 0, kept: 0 });
  });

  it('are counted for each client, those who keep a revoked role apart', async () => {
    expect(await world.read.disputesOfClients([OTHER, CLIENT])).toMatchObject([
      { reversals: 0, kept: 0, requests: 0 },
      { reversals: 2, kept: 1, requests: 1 },
    ]);
  });

  it('with the platform make a link DISPUTED, which the filter finds', async () => {
    await sql`update member set state = 'DISPUTED' where discord_user_id = 'kept'`.execute(
      world.db,
    );

    const { rows } = await world.read.pageLinks(
      CLIENT,
      { states: ['DISPUTED'] },
      { after: null, limit: 10 },
    );

    expect(rows.map(({ id, state }) => [id, state])).toEqual([
      [links.kept, 'DISPUTED'],
      [links.asked, 'DISPUTED'],
    ]);
  });
});
