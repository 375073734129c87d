import { APPLIED } from '../test/builders/fact-outcomes.js';
import { openTestStore } from '../test/support/store.js';
import { numbers } from './support/bench-guilds.js';
import { verdict, type Answer, type Bench } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { consumeAll } from './support/consume-all.js';
import {
  createPlatformTopic,
  type MembershipEvent,
  type PlatformTopic,
} from './support/platform-topic.js';
import { median } from './support/quantiles.js';
import { upsertBatches } from './support/upsert-batches.js';
import { openSql } from './support/open-sql.js';

export const intake: Bench = {
  name: 'intake',
  question: 'how many events per second become committed rows?',
  answer,
};

const USERS = 10_000;
const GROUPS = 20;
const PARTITIONS = 4;
const AIM = 0.5;

/** Events per second of one kind of load, over its rounds. */
interface Rates {
  readonly connector: number[];
  readonly bare: number[];
}

interface Setting {
  readonly brokers: string;
  readonly databaseUrl: string;
  readonly adds: PlatformTopic;
  readonly removals: PlatformTopic;
  readonly count: number;
}

async function answer(world: BenchWorld): Promise<Answer> {
  const { brokers } = await world.kafka();
  const postgres = await world.postgres();
  const count = world.isQuick ? 10_000 : 50_000;
  const rounds = world.isQuick ? 1 : 3;
  const setting: Setting = {
    brokers,
    databaseUrl: await postgres.createDatabase('intake'),
    adds: await fillTopic(brokers, 'added', count),
    removals: await fillTopic(brokers, 'removed', count),
    count,
  };
  const reading = await consumeAll({
    ...setting,
    topic: setting.adds.name,
    applyFacts: async (facts) => facts.map(() => APPLIED),
  });
  const added: Rates = { connector: [], bare: [] };
  const updated: Rates = { connector: [], bare: [] };
  const { strangers, batches } = await measure({ ...setting, rounds }, { added, updated });
  await setting.adds.close();
  await setting.removals.close();

  const worst = Math.min(ratioOf(added), ratioOf(updated));
  return {
    rows: [
      { what: 'every row new', ...columnsOf(added) },
      { what: 'every row updated', ...columnsOf(updated) },
      {
        what: 'every row new, and so is its user',
        'events/s': Math.round(strangers),
      },
      {
        what: 'reading and parsing alone',
        'events/s': Math.round(reading.perSecond),
      },
    ],
    notes: [
      `${count.toLocaleString('en-GB')} membership events for ${USERS.toLocaleString('en-GB')} users and ${GROUPS} groups, one consumer, ${PARTITIONS} partitions, from the first batch to the last commit`,
      `in the database and at the broker; ${batches} transactions of ${Math.round(count / batches)} events on average. PostgreSQL durable.`,
      'Bare SQL: insert … select from unnest … on conflict do update … where newer, over one connection, the same rows in the same batches,',
      'on the same table emptied in between; users and groups exist, as they do for the first two rows. Medians of the rounds.',
      verdict('half of bare SQL', `${worst} of it`, worst >= AIM),
    ],
  };
}

function columnsOf(rates: Rates) {
  return {
    'events/s': Math.round(median(rates.connector)),
    'bare SQL rows/s': Math.round(median(rates.bare)),
    ratio: ratioOf(rates),
  };
}

/** Of each round by itself: what else the machine does then slows both. */
function ratioOf({ connector, bare }: Rates): number {
  return median(connector.map((rate, round) => rate / (bare[round] ?? 0)));
}

/**
 * First with strangers; then, in rounds, the connector and bare SQL one after the other, on the
 * batches the connector made.
 */
async function measure(
  setting: Setting & { readonly rounds: number },
  rates: { readonly added: Rates; readonly updated: Rates },
): Promise<{ readonly strangers: number; readonly batches: number }> {
  const { brokers, databaseUrl, adds, removals, count } = setting;
  const store = await openTestStore(databaseUrl);
  const { applyFacts } = store;
  const consume = ({ name }: PlatformTopic) =>
    consumeAll({ brokers, topic: name, count, applyFacts });
  const sql = await openSql(databaseUrl);
  const empty = async () => {
    await sql.query('truncate membership');
    await sql.query('checkpoint');
  };

  const strangers = await consume(adds);
  await sql.query('vacuum analyze platform_user, platform_group');
  for (let round = 0; round < setting.rounds; round += 1) {
    await empty();
    const first = await consume(adds);
    const second = await consume(removals);
    await empty();
    rates.added.bare.push(await upsertBatches(sql, first.batches));
    rates.updated.bare.push(await upsertBatches(sql, second.batches));
    rates.added.connector.push(first.perSecond);
    rates.updated.connector.push(second.perSecond);
  }

  await sql.end();
  await store.stop();
  return {
    strangers: strangers.perSecond,
    batches: strangers.batches.length,
  };
}

/**
 * Every user is in the same number of groups, in an order that brings all users into every batch.
 */
async function fillTopic(
  brokers: string,
  change: MembershipEvent['change'],
  count: number,
): Promise<PlatformTopic> {
  const topic = await createPlatformTopic(brokers, PARTITIONS);
  const events = numbers(count).map((index) => ({
    platformUserId: `user-${(index * 7_919) % USERS}`,
    groupId: `group-${(index + Math.floor(index / USERS)) % GROUPS}`,
    change,
    sequence: change === 'added' ? 1 : 2,
  }));
  for (let start = 0; start < count; start += 1_000)
    await topic.send(events.slice(start, start + 1_000));
  return topic;
}
