import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createTopic } from '../broker/events-setting.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { produceForeign } from '../support/foreign-producer.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const PARTS = ['api', 'events', 'sweeps', 'reconcile'] as const;
type PartName = (typeof PARTS)[number];

let world: SharedWorld;
let database: pg.Client;
const topic = uniqueName('platform.events');
const hasTopic = hasBroker() && testBroker().kind !== 'mock';
const parts = PARTS.filter((part) => part !== 'events' || hasTopic);
/** Two processes of each part, by the part's name and a number. */
const services = new Map<string, Service>();

beforeAll(async () => {
  world = await createSharedWorld({ guilds: 2, peoplePerGuild: 12 });
  database = new pg.Client({ connectionString: world.databaseUrl });
  await database.connect();
  if (hasTopic) await createTopic(testBroker().brokers, topic, { partitions: 3 });
});

afterAll(async () => {
  await database.end();
  await world.end();
});

async function start(part: PartName, number: 1 | 2): Promise<void> {
  const name = `${part}-${number}`;
  const service = await world.startProcess(name, {
    NODE_ENV: 'production',
    PARTS: part,
    ...(hasTopic && {
      KAFKA_BROKERS: testBroker().brokers,
      KAFKA_TOPICS: topic,
      KAFKA_EVENTS_TOPIC: `${topic}.written`,
      KAFKA_GROUP_ID: topic,
    }),
  });
  services.set(name, service);
}

function service(name: string): Service {
  const found = services.get(name);
  if (found === undefined) throw new Error(`no process ${name}`);
  return found;
}

let sequence = 0;

/** Sends changes to the API process of this number. */
async function say(
  change: 'ADDED' | 'REMOVED',
  people: readonly Person[],
  number: 1 | 2,
): Promise<void> {
  sequence += 1;
  await service(`api-${number}`).api(
    'mutation($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { verdict } } }',
    {
      input: {
        changes: people.map(({ platformUserId }) => {
          return { platformUserId, groupId: 'pilots', change, sequence };
        }),
      },
    },
    world.apiKey,
  );
}

/** Sends changes through the broker; any events process may read them. */
async function tell(change: 'added' | 'removed', people: readonly Person[]): Promise<void> {
  sequence += 1;
  await produceForeign(
    testBroker().brokers,
    people.map(({ platformUserId }) => ({
      topic,
      key: platformUserId,
      value: JSON.stringify({
        specversion: '1.0',
        id: `${change}-${sequence}-${platformUserId}`,
        source: 'https://platform.example.org/groups',
        type: 'platform.group.membership.changed.v1',
        time: new Date().toISOString(),
        data: { userId: platformUserId, groupId: 'pilots', change, sequence },
      }),
      headers: { 'content-type': 'application/cloudevents+json' },
    })),
  );
}

/** Makes the five-minute sweep of every client due now. */
async function sweepIsDue(): Promise<void> {
  await database.query(`
    update schedule set cron = cron, next_run_at = now() where kind = 'VERIFY_GROUPS'`);
}

const all = (people: readonly Person[], holds: boolean) => () =>
  people.every((person) => world.holdsPilot(person) === holds);

function takeByHand({ guildId, discordUserId, pilotRoleId }: Person): void {
  const roleId = pilotRoleId;
  world.discord.moderator.takeRole({ guildId, discordUserId, roleId });
}

/**
 * A few people of each guild, different ones each round, because the guard would hold removals that
 * empty a role.
 */
const few = (round: number, at: number): readonly Person[] =>
  world.people.filter((_, index) => index % 6 === (2 * round + at) % 6);

/**
 * Sends a change through each entry point. Each becomes a role change by a single write, from a
 * process that runs the reconcile part.
 */
async function allDoorsWork(round: number, number: 1 | 2): Promise<void> {
  const [robbed, leaving] = [few(round, 0), few(round, 1)];
  const joining = world.people.filter((person) => !world.holdsPilot(person));
  world.proxy.forget();
  await say('ADDED', joining, number);
  await eventually(all(world.people, true));

  robbed.forEach(takeByHand);
  await sweepIsDue();
  await eventually(all(world.people, true));

  if (hasTopic) await tell('removed', leaving);
  else await say('REMOVED', leaving, number);
  await eventually(all(leaving, false));

  const writes = world.proxy.seen().filter((call) => call.method !== 'GET');
  expect(writes).toHaveLength(joining.length + robbed.length + leaving.length);
  const writers = writes.map((call) => call.process);
  expect(writers.every((name) => name.includes('reconcile-'))).toBe(true);
}

describe('one process for each part', () => {
  test('is ready, and all entry points work together', async () => {
    for (const part of parts) await start(part, 1);

    for (const part of parts)
      expect(await service(`${part}-1`).readiness()).toMatchObject({
        status: 'ready',
      });
    const closed = await fetch(`${service('reconcile-1').address}/graphql`, {
      method: 'POST',
    });
    expect(closed.status).toBe(404);
    await allDoorsWork(1, 1);
  });

  test('is replaced by its second process when it is killed, with no change lost or repeated', async () => {
    for (const part of parts) await start(part, 2);

    for (const part of parts) await service(`${part}-1`).kill();

    await allDoorsWork(2, 2);
  });

  test('hands its work over at once on SIGTERM', async () => {
    for (const part of parts) await start(part, 1);

    for (const part of parts) expect(await service(`${part}-2`).stop()).toMatchObject({ code: 0 });

    await allDoorsWork(3, 1);
  });
});
