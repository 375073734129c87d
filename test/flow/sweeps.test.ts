import type { KafkaMessage } from 'kafkajs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { collect, createCleanup, createTopic } from '../broker/events-setting.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../support/service.js';
import { auditRecords, createDataFolder, demonstrationIsDone, holds } from '../support/story.js';

const cleanup = createCleanup();
const topic = uniqueName('platform.events');
const written = uniqueName('discord-connector.events');
let database: TestDatabase;
let direct: pg.Client;
let service: Service;
let clientId: string;

beforeAll(async () => {
  const folder = await createDataFolder();
  cleanup.add(folder.remove);
  database = await createTestDatabase();
  cleanup.add(database.drop);
  service = await startService({
    env: {
      SANDBOX: 'true',
      DATA_DIR: folder.path,
      DATABASE_URL: database.url,
      ...(await brokerSettings()),
    },
  });
  cleanup.add(service.stop);
  direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  cleanup.add(() => direct.end());
  await eventually(() => demonstrationIsDone(service));
  const answer = await service.api('{ discordClients { id } }');
  clientId = Clients.parse(answer).discordClients[0]?.id ?? '';
  // A live client would not leave a change for a sweep to find.
  await service.api(
    'mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { warnings } }',
    { input: { id: clientId, live: false } },
  );
  await eventually(
    async () =>
      JSON.stringify(await service.api('{ discordClients { liveState { state } } }')).includes(
        'OFF',
      ),
    { what: 'the client is not live' },
  );
});

afterAll(async () => cleanup.run());

async function brokerSettings(): Promise<Readonly<Record<string, string>>> {
  if (!hasBroker()) return {};
  const { brokers, kind } = testBroker();
  if (kind !== 'mock') for (const name of [topic, written]) await createTopic(brokers, name);
  return {
    KAFKA_BROKERS: brokers,
    KAFKA_TOPICS: topic,
    KAFKA_EVENTS_TOPIC: written,
    KAFKA_GROUP_ID: uniqueName('discord-connector'),
  };
}

const Clients = z.object({
  discordClients: z.array(z.object({ id: z.string() })),
});

const Sweep = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  drifted: z.number(),
  changed: z.number(),
  reason: z.string().nullable(),
  decidedBy: z.string().nullable(),
  plan: z.object({ hash: z.string(), removals: z.number() }).nullable(),
});
type Sweep = z.output<typeof Sweep>;
const Sweeps = z.object({ sweeps: z.object({ nodes: z.array(Sweep) }) });
const FIELDS = 'id kind state drifted changed reason decidedBy plan { hash removals }';

/** Newest first. */
async function sweeps(): Promise<readonly Sweep[]> {
  const answer = await service.api(
    `query ($clientId: ID!) { sweeps(clientId: $clientId) { nodes { ${FIELDS} } } }`,
    { clientId },
  );
  return Sweeps.parse(answer).sweeps.nodes;
}

const isOver = ({ state }: Sweep) => !['WAITING', 'RUNNING'].includes(state);

async function ended(id: string): Promise<Sweep> {
  const found: Sweep[] = [];
  await eventually(async () => {
    found.push(...(await sweeps()).filter((each) => each.id === id));
    return found.some(isOver);
  });
  return Sweep.parse(found.findLast(isOver));
}

async function sweep(kind: string): Promise<Sweep> {
  const answer = await service.api(
    'mutation ($input: StartSweepInput!) { startSweep(input: $input) { sweep { id } } }',
    { input: { clientId, kind } },
  );
  const { startSweep } = z
    .object({ startSweep: z.object({ sweep: z.object({ id: z.string() }) }) })
    .parse(answer);
  return ended(startSweep.sweep.id);
}

const decide = async (how: 'approve' | 'reject', id: string, hash: string) =>
  service.api(
    `mutation ($id: ID!, $hash: String!) { ${how}Sweep(input: { id: $id, hash: $hash }) { sweep { state } } }`,
    { id, hash },
  );

/** Allows removals from at most 20 percent of a role's holders within an hour. */
async function setLimits(): Promise<void> {
  await service.api(
    'mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { warnings } }',
    { input: { id: clientId, removalGuard: { minimum: 0, percent: 20 } } },
  );
}

/** Changes a role as a moderator, on the sandbox page. */
async function byHand(
  action: 'giveRole' | 'takeRole',
  name: keyof typeof DEMO.accounts,
  role: keyof typeof DEMO.roles,
): Promise<void> {
  const { guildId, accounts, roles } = DEMO;
  const response = await fetch(`${service.sandboxPage}/sandbox/actions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      action,
      guildId,
      discordUserId: accounts[name],
      roleId: roles[role],
    }),
  });
  expect(response.status).toBe(200);
}

/** Makes the five-minute schedule due. The service notices a schedule change at once. */
async function letScheduleComeRound(): Promise<void> {
  // The first read of a new client's schedules creates them.
  await service.api('query ($id: ID!) { schedules(clientId: $id) { kind } }', {
    id: clientId,
  });
  await direct.query(`
    update schedule set cron = cron, next_run_at = now() - interval '1 second'
    where kind = 'VERIFY_GROUPS'`);
}

describe('entry point 3: a scheduled or requested sweep', () => {
  test('re-adds a role that a moderator removed, and the record names the sweep', async () => {
    await sweep('VERIFY_GROUPS');
    const before = (await sweeps()).length;

    await byHand('takeRole', 'alice', 'pilot');
    expect(await holds(service, 'alice', 'pilot')).toBe(false);
    await letScheduleComeRound();
    await eventually(() => holds(service, 'alice', 'pilot'));

    const [latest] = await sweeps();
    const scheduled = await ended(latest?.id ?? '');
    expect(await sweeps()).toHaveLength(before + 1);
    expect(scheduled).toMatchObject({ kind: 'VERIFY_GROUPS', state: 'DONE' });
    await eventually(async () => (await sweeps())[0]?.changed === 1);
    const [record] = await auditRecords(service, 'alice');
    expect(record).toMatchObject({
      outcome: 'APPLIED',
      added: [DEMO.roles.pilot],
      removed: [],
      causes: [{ kind: 'SWEEP', id: scheduled.id }],
    });
  });

  test('removes nothing when a source fails for all members, until a person decides', async () => {
    const told = hasBroker() ? await collect(testBroker().brokers, written, cleanup) : null;
    await setLimits();

    await service.api(
      'mutation ($input: ReplaceMembershipsInput!) { replaceMemberships(input: $input) { results { verdict } } }',
      {
        input: {
          users: ['alice', 'bob', 'carol'].map((platformUserId) => {
            return { platformUserId, groupIds: [] };
          }),
        },
      },
    );
    const held = await theHeld(4);
    const later = await sweep('REMOTE_SYNC');

    expect(held.kind).toBe('CHANGES');
    expect(held.reason).toContain('removal guard');
    expect(later).toMatchObject({ state: 'DONE', drifted: 0 });
    expect(await demonstrationIsDone(service)).toBe(true);
    if (told !== null) await expectTold(told, held);

    const { id } = held;
    const stale = decide('approve', id, 'f'.repeat(64));
    await expect(stale).rejects.toThrow('CONFLICT');
    expect(await demonstrationIsDone(service)).toBe(true);
    await decide('approve', id, held.plan?.hash ?? '');
    const isCarriedOut = async () =>
      (await sweeps()).find((each) => each.id === id)?.state === 'DONE';
    await eventually(isCarriedOut);

    for (const [name, role] of [
      ['alice', 'pilot'],
      ['bob', 'pilot'],
      ['bob', 'director'],
      ['carol', 'recruit'],
    ] as const)
      expect(await holds(service, name, role)).toBe(false);
    const [record] = await auditRecords(service, 'bob');
    expect(record?.removed.toSorted()).toEqual([DEMO.roles.pilot, DEMO.roles.director].toSorted());
    // The mutation is also a cause if the approval comes before its run.
    expect(record?.causes.at(-1)).toMatchObject({ kind: 'SWEEP', id });
  });

  test('never removes roles that a person reviewed and rejected', async () => {
    await byHand('giveRole', 'alice', 'director');
    await byHand('giveRole', 'carol', 'pilot');

    const held = await sweep('REMOTE_SYNC');
    expect(held).toMatchObject({ state: 'HELD', plan: { removals: 2 } });
    await decide('reject', held.id, held.plan?.hash ?? '');
    const later = await sweep('REMOTE_SYNC');

    expect(later).toMatchObject({ state: 'DONE', drifted: 0, changed: 0 });
    expect(await ended(held.id)).toMatchObject({
      state: 'REJECTED',
      decidedBy: 'sandbox-admin',
    });
    expect(await holds(service, 'alice', 'director')).toBe(true);
    expect(await holds(service, 'carol', 'pilot')).toBe(true);
  });
});

async function theHeld(removals: number): Promise<Sweep> {
  const isWhole = (each: Sweep) => each.state === 'HELD' && each.plan?.removals === removals;
  await eventually(async () => (await sweeps()).some(isWhole));
  const held = (await sweeps()).filter(({ state }) => state === 'HELD');
  expect(held).toHaveLength(1);
  return Sweep.parse(held[0]);
}

/** The event is sent once, even if the plan grew after it was published. */
async function expectTold(told: readonly KafkaMessage[], { id }: Sweep): Promise<void> {
  const ofType = () =>
    told
      .map((message): unknown => JSON.parse(message.value?.toString() ?? ''))
      .filter((event) => JSON.stringify(event).includes('sweep.held.v1'));
  await eventually(() => ofType().length > 0);
  expect(ofType()).toMatchObject([
    {
      type: 'discord.sweep.held.v1',
      data: { clientId, sweepId: id, kind: 'CHANGES', guildId: DEMO.guildId },
    },
  ]);
}
