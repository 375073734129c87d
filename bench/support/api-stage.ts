import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { createMappedClient } from '../../test/builders/store-world.js';
import { endChild, spawnBound } from '../../test/support/spawn-bound.js';
import { openTestStore } from '../../test/support/store.js';
import { freePort } from './measured-child.js';
import { openSql } from './open-sql.js';
import { SERVICE_KEYS, startFlags } from './service.js';

export const API_KEY = 'key-of-the-bench';
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

export interface Answerer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A client with its people: five roles and five groups each. */
export async function stockPeople(
  databaseUrl: string,
  people: number,
): Promise<{ readonly clientId: string; readonly linkId: string }> {
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS });
  const mapped = Array.from({ length: 20 }, (_, index) => ({
    groupId: `group-${index}`,
    roleId: String(500_000_000_000_000_000n + BigInt(index)),
  }));
  const { client } = await createMappedClient(store, mapped);
  await store.stop();
  const sql = await openSql(databaseUrl);
  const each = `from generate_series(1, ${people}) i`;
  for (const statement of [
    `insert into platform_user (id, username) select 'user-' || i, 'Person ' || i ${each}`,
    `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
      select 'user-' || i, 'group-' || (i + g) % 20, true, 1, false ${each}, generate_series(1, 5) g`,
    `insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select ('0192f000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, '${client.id}', 'user-' || i,
        (400000000000000000 + i)::text, 'ACTIVE', now() ${each}`,
    `insert into member (client_id, discord_user_id, read_at, username, display_name, nickname, state, role_ids)
      select '${client.id}', (400000000000000000 + i)::text, now(), 'person.' || i, 'Person ' || i, '[TICK] Person ' || i, 'IN_STEP',
        array(select (500000000000000000 + (i + g) % 20)::text from generate_series(1, 5) g) ${each}`,
    'vacuum analyze',
  ])
    await sql.query(statement);
  await sql.end();
  const linkId = `0192f000-0000-7000-8000-${(people / 2).toString(16).padStart(12, '0')}`;
  return { clientId: client.id, linkId };
}

/** The compiled service with nothing but its API. */
export async function startApi(
  main: string,
  databaseUrl: string,
  execArgv: readonly string[] = [],
): Promise<Answerer> {
  const port = await freePort();
  const hash = createHash('sha256').update(API_KEY).digest('hex');
  const child = await spawnBound(
    [process.execPath, ...(await startFlags('start:api')), ...execArgv, main],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: databaseUrl,
        ENCRYPTION_KEYS: `bench:${ENCRYPTION_KEY}`,
        API_KEYS: `bench:discord:admin:${hash}`,
        PUBLIC_URL: 'https://connector.example',
        RETURN_URL_ALLOWLIST: 'https://platform.example',
        RATE_LIMIT_PER_MINUTE: '0',
        PARTS: 'api',
        PORT: String(port),
      },
    },
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}`);
  });
  ended.catch(() => undefined);
  await Promise.race([answers(port), ended]);
  return { port, stop: () => endChild(child, 15_000) };
}

async function answers(port: number): Promise<void> {
  for (const endsAt = Date.now() + 60_000; Date.now() < endsAt;) {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    if (response?.ok) return;
    await sleep(50);
  }
  throw new Error('the service is not ready after a minute');
}

const Said = z.object({ port: z.number() });

/** One of those that it is compared with, in a process like the service's. */
export async function startBare(told: {
  readonly kind: 'apollo' | 'yoga' | 'sql';
  readonly databaseUrl: string;
  readonly discordUser: unknown;
  readonly discordUsers: unknown;
}): Promise<Answerer> {
  const child = await spawnBound(
    [
      process.execPath,
      ...(await startFlags('start:api')),
      '--import',
      import.meta.resolve('tsx'),
      join(import.meta.dirname, 'bare-answerer.ts'),
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    },
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${told.kind} ended with ${code}`);
  });
  ended.catch(() => undefined);
  child.send(told);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  const { port } = Said.parse(message);
  return { port, stop: () => endChild(child, 0) };
}
