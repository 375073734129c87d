import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createTopic } from '../broker/events-setting.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import type { SeenCall } from '../support/observing-proxy.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const GUILDS = 3;
const PEOPLE_PER_GUILD = 8;
const NAMES = ['one', 'two', 'three'] as const;
type Name = (typeof NAMES)[number];

let world: SharedWorld;
let database: pg.Client;
const services = new Map<Name, Service>();
const topic = uniqueName('platform.events');

beforeAll(async () => {
  world = await createSharedWorld({
    guilds: GUILDS,
    peoplePerGuild: PEOPLE_PER_GUILD,
  });
  database = new pg.Client({ connectionString: world.databaseUrl });
  await database.connect();
  if (hasBroker() && testBroker().kind !== 'mock')
    await createTopic(testBroker().brokers, topic, { partitions: 3 });
});

afterAll(async () => {
  await database.end();
  await world.end();
});

async function start(name: Name): Promise<void> {
  const kafka = hasBroker() && {
    KAFKA_BROKERS: testBroker().brokers,
    KAFKA_TOPICS: topic,
    KAFKA_EVENTS_TOPIC: `${topic}.written`,
    KAFKA_GROUP_ID: topic,
  };
  services.set(name, await world.startProcess(name, { ...kafka }));
}

function service(name: Name): Service {
  const found = services.get(name);
  if (found === undefined) throw new Error(`no process ${name}`);
  return found;
}

/** Deterministic, so that a failed round can be repeated by its number. */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

async function everybodyIsPilot(): Promise<void> {
  await service('one').api(
    'mutation($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { verdict } } }',
    {
      input: {
        changes: world.people.map(({ platformUserId }) => {
          return { platformUserId, groupId: 'pilots', change: 'ADDED' };
        }),
      },
    },
    world.apiKey,
  );
  await eventually(() => world.people.every(world.holdsPilot));
}

function takeByHand({ guildId, discordUserId, pilotRoleId }: Person): void {
  world.discord.moderator.takeRole({
    guildId,
    discordUserId,
    roleId: pilotRoleId,
  });
}

/**
 * Makes every client's schedule due now, and then not for months: the usual five-minute schedule
 * would add ticks of its own to a long test. A schedule change wakes every process.
 */
async function tick(): Promise<void> {
  await database.query(
    "update schedule set cron = $1, next_run_at = now() where kind = 'VERIFY_GROUPS'",
    [`0 0 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *`],
  );
}

/** Skips the minute after which the sweep of a dead process is found. */
async function letLeasesOfTheDeadRunOut(): Promise<void> {
  await database.query(`
    update sweep set state = state, leased_until = now() - interval '1 second'
    where state = 'RUNNING' and owner not in (select owner from worker)`);
}

interface Counted {
  readonly client_id: string;
  readonly runs: number;
  readonly open: number;
}

async function countRuns(): Promise<readonly Counted[]> {
  const { rows } = await database.query<Counted>(`
    select client_id, count(*)::int as runs,
      count(*) filter (where state in ('WAITING', 'RUNNING'))::int as open
    from sweep where kind = 'VERIFY_GROUPS' group by client_id order by client_id`);
  return rows;
}

/** All clients' runs of this tick are over. */
async function roundIsOver(): Promise<void> {
  await eventually(
    async () => {
      await letLeasesOfTheDeadRunOut();
      const { rowCount } = await database.query(
        `select from schedule where kind = 'VERIFY_GROUPS' and next_run_at <= now()`,
      );
      const runs = await countRuns();
      return rowCount === 0 && runs.every(({ open }) => open === 0);
    },
    { what: 'the sweeps of this tick are over' },
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

async function one(text: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(text);
  return rows[0]?.count ?? -1;
}

describe('three processes, killed and started at random', () => {
  test('run every tick once for each client, and re-add roles that a moderator removed', async () => {
    const roll = createDice(7);
    await Promise.all(NAMES.map(start));
    await everybodyIsPilot();
    await tick();
    await roundIsOver();
    const first = await countRuns();
    expect(first).toHaveLength(GUILDS);

    for (let round = 1; round <= 6; round += 1) {
      const robbed = world.people.filter(() => roll(3) === 0);
      robbed.forEach(takeByHand);
      await tick();
      const victim = NAMES[roll(NAMES.length)] ?? 'one';
      const isKilled = round % 2 === 1;
      if (isKilled) {
        await sleep(roll(120));
        await service(victim).kill();
      }
      await roundIsOver();
      await eventually(() => world.people.every(world.holdsPilot), {
        what: `everybody has the role back in round ${round}`,
      });

      const runs = await countRuns();
      expect(runs.map((each) => each.runs)).toEqual(first.map((each) => each.runs + round));
      if (isKilled) await start(victim);
    }

    expect(overlaps()).toEqual([]);
    const none = 'select count(*)::int as count from';
    await eventually(async () => (await one(`${none} audit_record where closed_at is null`)) === 0);
    expect(await one(`${none} sweep where state <> 'DONE'`)).toBe(0);
    expect(await one(`${none} sweep where attempts > 2`)).toBe(0);
    expect(await one(`${none} outbox where type = 'discord.sweep.held.v1'`)).toBe(0);
  });
});
