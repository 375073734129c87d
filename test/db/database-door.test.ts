import pg from 'pg';
import { afterEach, expect, test } from 'vitest';

import { streamOf } from '../../services/store/connection/heartbeat.js';
import { createCleanup } from '../broker/events-setting.js';
import { createTestDatabase } from '../support/database.js';
import { createDatabaseDoor, type DatabaseDoor } from '../support/database-door.js';
import { eventually } from '../support/eventually.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

async function openDoor() {
  const { url, drop } = await createTestDatabase();
  cleanup.add(drop);
  const door = await createDatabaseDoor(url);
  cleanup.add(() => door.stop());
  const direct = await connectTo(url);
  await direct.query('create table noted (what text)');
  const noted = async () =>
    (await direct.query<{ what: string }>('select what from noted')).rows.map(({ what }) => what);
  return { door, noted };
}

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  cleanup.add(async () => client.end().catch(() => undefined));
  return client;
}

const through = async (door: DatabaseDoor) => connectTo(door.url);
const note = async (client: pg.Client, what: string) =>
  client.query('insert into noted values ($1)', [what]);

test('a statement whose response is cut off is executed, and its connection is closed', async () => {
  const { door, noted } = await openDoor();
  const client = await through(door);
  await note(client, 'first');
  door.cutAnswer({ words: 'insert into noted', rows: 0 }, 2);

  await note(client, 'second');
  const third = await Promise.allSettled([note(client, 'third')]);

  expect(third[0].status).toBe('rejected');
  expect(await noted()).toEqual(['first', 'second', 'third']);
  expect(door.cuts).toMatchObject([{ statement: 'insert into noted values ($1)' }]);
});

test('a transaction whose commit gets no response is committed; one that is cut off earlier is not', async () => {
  const { door, noted } = await openDoor();
  const [committed, broken] = [await through(door), await through(door)];
  await committed.query('begin');
  await note(committed, 'committed');
  door.cutAnswer({ words: 'commit', rows: 0 }, 1);

  const first = await Promise.allSettled([committed.query('commit')]);
  await broken.query('begin');
  door.cutAnswer('any', 1);
  const second = await Promise.allSettled([note(broken, 'broken')]);

  expect([...first, ...second].map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await noted()).toEqual(['committed']);
});

test('a statement sent while the database is paused is executed afterwards, even if its sender has disconnected', async () => {
  const { door, noted } = await openDoor();
  const client = await through(door);

  door.hold();
  const asked = Promise.allSettled([note(client, 'late')]);
  await new Promise((resolve) => setImmediate(resolve));
  streamOf(client)?.destroy();
  const [answer] = await asked;
  expect(answer?.status).toBe('rejected');
  expect(await noted()).toEqual([]);
  door.letGo();

  await eventually(async () => (await noted()).length === 1);
});
