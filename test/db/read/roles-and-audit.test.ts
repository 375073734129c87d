import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { addClient, addGroups, addRole, AT, openReadWorld, ownId, type ReadWorld } from './seed.js';

const ONE = ownId(1);
const TWO = ownId(2);

let world: ReadWorld;
beforeAll(async () => {
  world = await openReadWorld();
  const { db } = world;
  await addClient(db, ONE, 'OBSERVE');
  await addClient(db, TWO);
  await addGroups(db, { pilots: null, directors: null });
  await addRole(db, { clientId: ONE, id: '9', position: 1 });
  await addRole(db, { clientId: ONE, id: '10', position: 1 });
  await addRole(db, { clientId: ONE, id: '11', position: 7 });
  await addRole(db, { clientId: TWO, id: '9' });
  for (const [id, group, authority, retiredAt] of [
    [ownId(0x10), 'pilots', null, null],
    [ownId(0x11), 'directors', 'PLATFORM', AT],
  ] as const)
    await sql`insert into role_mapping (id, client_id, group_id, role_id, authority, created_at, retired_at)
      values (${id}, ${ONE}, ${group}, '9', ${authority}, ${AT}, ${retiredAt})`.execute(db);
  await addRecords();
});
afterAll(async () => world.close());

const causes = [{ kind: 'EVENT', id: 'e1', actor: '/platform', groupId: 'g' }];

async function addRecords() {
  for (const [number, client, account, outcome, role] of [
    [1, ONE, '400', 'APPLIED', '9'],
    [2, TWO, '400', 'APPLIED', '9'],
    [3, ONE, '500', 'PARKED', '10'],
    [4, ONE, '400', null, '11'],
  ] as const)
    await sql`insert into audit_record (id, client_id, discord_user_id, platform_user_id, causes, planned_added,
        planned_removed, guarded_removed, added, removed, nickname, outcome, reason, opened_at, closed_at)
      values (${ownId(number)}, ${client}, ${account}, 'alice', ${JSON.stringify(causes)}, ${[role]}::text[], '{}', '{}',
        '{}', '{}', null, ${outcome}, 'why', ${new Date(AT.getTime() + number * 1000)},
        ${outcome === null ? null : AT})`.execute(world.db);
}

describe('roles', () => {
  it('are ordered by position, highest first, then by age', async () => {
    const [one, none, two] = await world.read.rolesOfClients([ONE, ownId(9), TWO]);

    expect(one?.map((role) => role.roleId)).toEqual(['11', '9', '10']);
    expect(none).toEqual([]);
    expect(two).toEqual([
      {
        clientId: TWO,
        roleId: '9',
        name: 'role 9',
        position: 1,
        color: 5,
        isManaged: true,
        refusal: 'MANAGED',
      },
    ]);
  });

  it('are found by client and id', async () => {
    const roles = await world.read.findRoles([
      { clientId: TWO, roleId: '9' },
      { clientId: TWO, roleId: '10' },
      { clientId: ONE, roleId: '10' },
    ]);

    expect(roles.map((role) => role && [role.clientId, role.roleId])).toEqual([
      [TWO, '9'],
      undefined,
      [ONE, '10'],
    ]);
  });
});

describe('mappings', () => {
  it('have their effective authority', async () => {
    const [one, two] = await world.read.mappingsOfClients([ONE, TWO]);

    expect(one).toEqual([
      {
        id: ownId(0x10),
        clientId: ONE,
        groupId: 'pilots',
        roleId: '9',
        authority: 'OBSERVE',
        createdAt: AT,
        retiredAt: null,
      },
      expect.objectContaining({ authority: 'PLATFORM', retiredAt: AT }),
    ]);
    expect(two).toEqual([]);
  });

  it('are found in the requested order', async () => {
    const mappings = await world.read.findMappings([ownId(0x11), ownId(0x12), ownId(0x10)]);

    expect(mappings.map((mapping) => mapping?.groupId)).toEqual(['directors', undefined, 'pilots']);
  });
});

describe('audit records', () => {
  const found = async (filter: Parameters<ReadWorld['read']['countAuditRecords']>[0]) => {
    const { rows } = await world.read.pageAuditRecords(filter, {
      limit: 50,
      after: null,
    });
    expect(await world.read.countAuditRecords(filter)).toBe(rows.length);
    return rows.map((record) => Number(record.id.slice(-1)));
  };

  it('are returned as they were written', async () => {
    const { rows } = await world.read.pageAuditRecords(
      { outcomes: ['PARKED'] },
      { limit: 1, after: null },
    );

    expect(rows).toEqual([
      {
        id: ownId(3),
        clientId: ONE,
        discordUserId: '500',
        platformUserId: 'alice',
        causes,
        plannedAdded: ['10'],
        plannedRemoved: [],
        added: [],
        removed: [],
        nickname: null,
        outcome: 'PARKED',
        reason: 'why',
        openedAt: new Date(AT.getTime() + 3000),
        ensured: { added: [], removed: [] },
        closedAt: AT,
      },
    ]);
  });

  it('are paged newest first', async () => {
    const first = await world.read.pageAuditRecords({}, { limit: 3, after: null });
    const second = await world.read.pageAuditRecords(
      {},
      { limit: 3, after: first.rows.at(-1)?.id ?? null },
    );

    expect(first.rows.map((record) => record.id)).toEqual([4, 3, 2].map(ownId));
    expect(first.hasMore).toBe(true);
    expect(second.rows.map((record) => record.id)).toEqual([ownId(1)]);
    expect(second.hasMore).toBe(false);
  });

  it.each([
    [{ clientId: TWO }, [2]],
    [{ clientIds: [TWO, ownId(9)] }, [2]],
    [{ clientIds: [] }, []],
    [{ clientId: ONE, clientIds: [TWO] }, []],
    [{ discordUserId: '400' }, [4, 2, 1]],
    [{ platformUserId: 'alice' }, [4, 3, 2, 1]],
    [{ platformUserId: 'bob' }, []],
    [{ outcomes: ['APPLIED', 'PARKED'] as const }, [3, 2, 1]],
    [{ roleId: '11' }, [4]],
    [{ openedAfter: new Date(AT.getTime() + 3000) }, [4, 3]],
    [{ openedBefore: new Date(AT.getTime() + 3000) }, [2, 1]],
    [{ clientId: ONE, discordUserId: '400', roleId: '9' }, [1]],
  ])('can be filtered by %j', async (filter, numbers) => {
    expect(await found(filter)).toEqual(numbers);
  });
});
