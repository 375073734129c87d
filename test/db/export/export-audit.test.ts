import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { clientInput, guildRole } from '../../builders/store-world.js';
import { runCommand } from '../../support/command.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { addRecords } from '../retention/seed.js';

const COUNT = 12_345;
const DAY_MS = 86_400_000;
const STORY_MS = 120_000;

let database: TestDatabase;
let store: Store;
let clientId: string;
let folder: string;

beforeAll(async () => {
  database = await createMigratedDatabase();
  folder = await mkdtemp(join(tmpdir(), 'discord-connector-export-'));
  store = await openTestStore(database.url);
  clientId = (await store.clients.createClient(clientInput())).id;
  await store.memory.saveRoles(clientId, {
    ownerId: null,
    roles: [guildRole('1', { name: 'Pilot' })],
  });
  const sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  await addRecords(sql, { clientId, days: 100, count: COUNT, spreadDays: 90 });
  await addRecords(sql, { clientId, days: 200, reason: 'too old' });
  await addRecords(sql, { clientId, days: 1, reason: 'too young' });
  await addRecords(sql, {
    clientId: '0192f000-0000-7000-8000-000000000009',
    days: 50,
    reason: 'another client',
  });
  await sql.end();
});

afterAll(async () => {
  await store.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

const run = async (...more: readonly string[]) =>
  runCommand(
    [
      'export-audit',
      '--client',
      clientId,
      '--from',
      daysAgo(101).toISOString(),
      '--to',
      daysAgo(5).toISOString(),
      ...more,
    ],
    {
      DATABASE_URL: database.url,
      ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 7).toString('base64')}`,
      API_KEYS: `tests:discord:admin:${'0'.repeat(64)}`,
    },
  );

const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));

describe('exporting audit records', () => {
  test(
    'writes every record of the range once, oldest first, one per line, and its progress to stderr',
    async () => {
      const { code, out, said } = await run();

      const records = parsed(out);
      const times = records.map(({ openedAt }) => String(openedAt));
      expect(code).toBe(0);
      expect(new Set(records.map(({ id }) => id)).size).toBe(COUNT);
      expect(records).toHaveLength(COUNT);
      expect(times).toEqual(times.toSorted((a, b) => a.localeCompare(b)));
      expect(out).not.toContain('too old');
      expect(out).not.toContain('too young');
      expect(out).not.toContain('another client');
      expect(said).toContain('"written":10000');
      expect(said).toContain(`"written":${COUNT}`);
    },
    STORY_MS,
  );

  test('uses the field names of the API', async () => {
    const schema = await readFile('schema/connector.graphql', 'utf8');
    const type = /^type AuditRecord \{(.*?)^\}/ms.exec(schema)?.[1] ?? '';
    const fields = [...type.matchAll(/^ {2}(\w+)[:(]/gm)].map(([, name]) => name);

    const [record] = await firstPage();

    // Fields resolved from current data are not part of a record.
    const ofToday = ['discordUser', 'platformUser'];
    expect(new Set(Object.keys(record ?? {}))).toEqual(
      new Set(fields.filter((name) => !ofToday.includes(name ?? ''))),
    );
    expect(record).toMatchObject({
      client: { id: clientId },
      added: [{ id: '1', name: 'Pilot' }],
      outcome: 'APPLIED',
      reason: null,
    });
  });

  test('reads pages of at most 500 records', async () => {
    const pages: number[] = [];
    for await (const page of store.exportAudit(range())) pages.push(page.length);

    expect(Math.max(...pages)).toBeLessThanOrEqual(500);
    expect(pages.reduce((sum, count) => sum + count, 0)).toBe(COUNT);
  });

  test(
    'continues its file after the last written record, and overwrites nothing',
    async () => {
      const file = join(folder, 'audit.jsonl');
      const [first] = await firstPage();
      const middle = await run('--out', file, '--after', first?.id ?? '');
      const again = await run('--out', file);
      const last = parsed(await readFile(file, 'utf8')).at(-1)?.['id'];
      const rest = await run('--out', file, '--after', String(last));

      const ids = parsed(await readFile(file, 'utf8')).map(({ id }) => id);
      expect([middle.code, again.code, rest.code]).toEqual([0, 1, 0]);
      expect(again.said).toContain('EEXIST');
      expect(ids).toHaveLength(COUNT - 1);
      expect(ids).not.toContain(first?.id);
    },
    STORY_MS,
  );
});

const range = () => ({
  clientId,
  from: daysAgo(101),
  to: daysAgo(5),
  after: null,
});

async function firstPage() {
  for await (const page of store.exportAudit(range())) return page;
  return [];
}
