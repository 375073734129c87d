import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createTopic } from '../broker/events-setting.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { produceForeign } from '../support/foreign-producer.js';
import type { SeenCall } from '../support/observing-proxy.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const GUILDS = 4;
const PEOPLE_PER_GUILD = 30;

const RUNS_PER_CLIENT = 4;

let world: SharedWorld;
let database: pg.Client;
const services = new Map<string, Service>();
const topic = uniqueName('platform.events');
const groupId = uniqueName('discord-connector');
const hasTopic = hasBroker() && testBroker().kind !== 'mock';

beforeAll(async () => {
  world = await createSharedWorld({
    guilds: GUILDS,
    peoplePerGuild: PEOPLE_PER_GUILD,
  });
  database = new pg.Client({ connectionString: world.databaseUrl });
  await database.connect();
  if (hasTopic) await createTopic(testBroker().brokers, topic, { partitions: 6 });
});

afterAll(async () => {
  await database.end();
  await world.end();
});

async function start(name: string): Promise<void> {
  const kafka = hasTopic && {
    KAFKA_BROKERS: testBroker().brokers,
    KAFKA_TOPICS: topic,
    KAFKA_EVENTS_TOPIC: `${topic}.written`,
    KAFKA_GROUP_ID: groupId,
  };
  services.set(name, await world.startProcess(name, { ...kafka }));
}

function service(name: string): Service {
  const found = services.get(name);
  if (found === undefined) throw new Error(`no process ${name}`);
  return found;
}

/** How many bots each process holds, most first. */
async function shares(): Promise<readonly number[]> {
  const { rows } = await database.query<{ bots: number }>(`
    select count(*)::int as bots from bot_lease where leased_until > clock_timestamp()
    group by owner order by bots desc`);
  return rows.map((row) => row.bots);
}

let sequence = 0;

/** Sends changes through Kafka if there is a broker, else through the API of the given process. */
async function say(
  change: 'added' | 'removed',
  people: readonly Person[],
  to: string,
): Promise<void> {
  sequence += 1;
  if (!hasTopic) {
    await service(to).api(
      'mutation($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { error { code } } } }',
      {
        input: {
          changes: people.map(({ platformUserId }) => ({
            platformUserId,
            groupId: 'pilots',
            change: change.toUpperCase(),
            sequence,
          })),
        },
      },
      world.apiKey,
    );
    return;
  }
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

const writes = (): readonly SeenCall[] =>
  world.proxy.seen().filter((call) => call.method !== 'GET');

/** Calls of two processes that wrote for one bot at the same time. */
function overlaps(): readonly string[] {
  const byStart = writes().toSorted((a, b) => a.startedMs - b.startedMs);
  return byStart.flatMap((call, at) =>
    byStart
      .slice(at + 1)
      .filter(
        (later) =>
          later.bot === call.bot &&
          later.process !== call.process &&
          later.startedMs < call.endedMs,
      )
      .map((later) => `${call.path} and ${later.path}`),
  );
}

function timesByPath(): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { method, path } of writes())
    times.set(`${method} ${path}`, (times.get(`${method} ${path}`) ?? 0) + 1);
  return times;
}

const allHold = (wanted: boolean) => () =>
  world.people.every((person) => world.holdsPilot(person) === wanted);

async function openRecords(): Promise<number> {
  const { rows } = await database.query<{ open: number }>(
    'select count(*)::int as open from audit_record where closed_at is null',
  );
  return rows[0]?.open ?? -1;
}

describe('three processes on one database', () => {
  test('share the bots, do each piece of work once, and never write for one bot at the same time', async () => {
    await start('one');
    await eventually(async () => String(await shares()) === '4');
    await Promise.all([start('two'), start('three')]);
    await eventually(async () => String(await shares()) === '2,1,1');
    world.proxy.forget();

    await say('added', world.people, 'two');
    await eventually(allHold(true));

    const writers = new Set(writes().map((call) => call.process));
    expect(writers.size).toBe(3);
    expect(new Set(timesByPath().values())).toEqual(new Set([1]));
    expect(timesByPath().size).toBe(world.people.length);
    expect(overlaps()).toEqual([]);
    await eventually(async () => (await openRecords()) === 0);
  });

  test('finish a killed process’s work within seconds', async () => {
    world.proxy.forget();
    const everyOther = world.people.filter((_, at) => at % 2 === 0);

    await say('removed', everyOther, 'two');
    await eventually(() => writes().length > 5);
    await service('one').kill();
    await eventually(() => everyOther.every((person) => !world.holdsPilot(person)), {
      what: 'the killed processes’ work is finished',
    });

    const repeated = [...timesByPath().values()].filter((times) => times > 1);
    expect(repeated.every((times) => times === 2)).toBe(true);
    expect(repeated.length).toBeLessThanOrEqual(2 * RUNS_PER_CLIENT);
    expect(overlaps()).toEqual([]);
    await eventually(async () => String(await shares()) === '2,2');
    await eventually(async () => (await openRecords()) === 0);
  });

  test('do not repeat each other’s work, and do not undo it after a replay or a restart', async () => {
    await start('one');
    await eventually(async () => String(await shares()) === '2,1,1');
    const everyOther = world.people.filter((_, at) => at % 2 === 0);
    world.proxy.forget();

    sequence -= 1;
    await say('removed', everyOther, 'three');
    sequence += 1;
    await say('added', everyOther, 'three');
    await eventually(allHold(true));

    expect(timesByPath().size).toBe(everyOther.length);
    expect(new Set(timesByPath().values())).toEqual(new Set([1]));
  });

  test('leave all bots to the last one when the others stop', async () => {
    await service('one').stop();
    await service('three').stop();

    await eventually(async () => String(await shares()) === '4');
  });
});
