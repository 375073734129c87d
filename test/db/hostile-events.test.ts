import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Store } from '../../services/store/store.js';
import { cloudEvent, structured } from '../builders/event-record.js';
import { hostileCorpus } from '../hostile/event-cases.js';
import { hostileEvents } from '../hostile/events.js';
import { cause, clientInput } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { inherited } from '../hostile/verdict.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';
import { sumOf, takeHostile, type Taken } from '../hostile/take-events.js';

/** `HOSTILE_SEED` overrides it; the test title shows the seed. */
const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_122);
const PORTIONS = 6;
const IN_A_PORTION = 1_000;

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  await linkSome();
});
afterAll(async () => {
  await store?.stop();
  await database?.drop();
});

/** Links some users, so that facts about them also become causes of jobs. */
async function linkSome(): Promise<void> {
  const client = await store.clients.createClient(clientInput());
  const userIds = ['__proto__', 'constructor', '<script>alert(1)</script>'];
  for (let n = 0; n < 50; n++) userIds.push(`user-${n}`);
  for (const [index, platformUserId] of userIds.entries())
    await store.links.linkMember({
      clientId: client.id,
      platformUserId,
      discordUserId: String(500_000_000_000_000_000n + BigInt(index)),
      cause,
    });
}

async function query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const COUNTED = { fact: 'facts', skip: 'skipped', broken: 'broken' } as const;

describe('the store accepts what the parser accepts', () => {
  test(`from ${PORTIONS * IN_A_PORTION} hostile events with seed ${SEED}`, async () => {
    const before = inherited();
    const parts: Taken[] = [];
    for (let portion = 0; portion < PORTIONS; portion++)
      parts.push(await takeHostile(hostileEvents(SEED + portion, IN_A_PORTION), store.applyFacts));

    const { facts, skipped, broken, faults } = sumOf(parts);

    expect(faults).toEqual([]);
    expect(facts + skipped + broken).toBe(PORTIONS * IN_A_PORTION);
    expect(facts).toBeGreaterThan(IN_A_PORTION / 2);
    expect(inherited()).toEqual(before);
  });

  test('from events that are too large, too deep or specially crafted', async () => {
    for (const { name, record, ending } of hostileCorpus()) {
      const taken = await takeHostile([record], store.applyFacts);

      expect({ name, ...taken }).toMatchObject({
        name,
        faults: [],
        [COUNTED[ending]]: 1,
      });
    }
  });

  test('for ids that are property names of Object.prototype', async () => {
    const names = ['__lookupSetter__', 'isPrototypeOf', 'toLocaleString'];
    const records = names.map((userId) =>
      structured(
        cloudEvent({
          data: { userId, groupId: '__proto__', change: 'added' },
        }),
      ),
    );

    await takeHostile(records, store.applyFacts);

    const rows = await query<{ id: string }>(
      `select platform_user_id as id from membership
       where group_id = '__proto__' and is_held
         and platform_user_id = any('{${names.join(',')}}')
       order by platform_user_id collate "C"`,
    );
    expect(rows.map(({ id }) => id)).toEqual(names.toSorted());
  });

  test('and marks the affected members', async () => {
    const [row] = await query<{ jobs: number }>('select count(*)::int as jobs from reconcile_job');

    expect(row?.jobs).toBeGreaterThan(0);
  });
});
