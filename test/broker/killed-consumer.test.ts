import type { Message } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';

import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import type { ConsumeOrder } from '../support/consume-child.js';
import { soon } from '../support/soon.js';
import { createMigratedDatabase } from '../support/store.js';
import { createChildren } from './consume-children.js';
import { queryOf } from './database-watch.js';
import {
  collect,
  createCleanup,
  createTopic,
  membershipEvent,
  produce,
  type SeenMessage,
} from './events-setting.js';
import { watchGroup } from './group-watch.js';

const PARTITIONS = 3;
const RECORDS = 6_000;
/** Every batch contains some of these. */
const EACH_BROKEN = 100;

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

/** How each consumer dies, in order. */
const DEATHS: readonly NonNullable<ConsumeOrder['killAt']>[] = [
  { point: 'before applying', time: 2 },
  { point: 'after applying', time: 2 },
  { point: 'before dead letters', time: 2 },
  { point: 'after dead letters', time: 2 },
  { point: 'after commit', time: 2 },
];

describe.skipIf(!hasKafka())('a consumer that is killed repeatedly', () => {
  test('never commits a record that is neither in the database nor among the dead letters, and loses none', async () => {
    const world = await createWorld();
    const { children, unkeptBelowCommitted } = world;

    for (const killAt of DEATHS) {
      const child = await children.start(killAt.point, killAt);
      expect(await child.ended).toBe('SIGKILL');
      expect(await unkeptBelowCommitted()).toEqual([]);
    }
    expect(await world.group.lag()).toBeGreaterThan(0);
    const survivor = await children.start('survivor');
    let samples = 0;
    for (; (await world.group.lag()) > 0; samples += 1) {
      survivor.signal('SIGSTOP'); // freeze the process, so that nothing moves while we check
      const unkept = await unkeptBelowCommitted();
      survivor.signal('SIGCONT');
      expect(unkept).toEqual([]);
    }

    expect(samples).toBeGreaterThan(0);
    expect(await unkeptBelowCommitted()).toEqual([]);
    expect(await world.memberships()).toHaveLength(RECORDS - RECORDS / EACH_BROKEN);
    expectExactLetters(world);
    survivor.signal('SIGTERM');
    expect(await survivor.ended).toBe(0);
  });
});

type World = Awaited<ReturnType<typeof createWorld>>;

async function createWorld() {
  const { brokers } = testBroker();
  const topic = uniqueName('platform.events');
  const groupId = uniqueName('group');
  const database = await createMigratedDatabase();
  cleanup.add(database.drop);
  await createTopic(brokers, topic, { partitions: PARTITIONS });
  await createTopic(brokers, `${topic}.dlq`, { partitions: PARTITIONS });
  await produce(brokers, topic, records());
  const sent = await collect(brokers, topic, cleanup);
  await soon(() => expect(sent).toHaveLength(RECORDS));
  const letters = await collect(brokers, `${topic}.dlq`, cleanup);
  const children = await createChildren(
    { brokers, topic, groupId, databaseUrl: database.url },
    cleanup,
  );
  const group = await watchGroup(brokers, { topic, groupId }, cleanup);
  const query = await queryOf(database.url, cleanup);
  const memberships = async () => query<{ group_id: string }>('select group_id from membership');

  /** Committed records that are not stored anywhere. */
  const unkeptBelowCommitted = async () => {
    const committed = await group.committed();
    const stored = new Set((await memberships()).map((row) => row.group_id));
    const isDone = ({ partition, offset }: SeenMessage) =>
      Number(offset) < (committed[partition] ?? 0);
    const done = sent.filter(isDone);
    const unstored = done.filter((record) => !isBroken(record) && !stored.has(String(record.key)));
    // the collector reads asynchronously, so letters that are already written may appear late
    const unburied = () => done.filter((record) => isBroken(record) && !letterOf(letters, record));
    await soon(() => expect(unburied().map(placeOf)).toEqual([]));
    return unstored.map(placeOf);
  };
  const startedAt = Date.now();
  return {
    topic,
    sent,
    letters,
    children,
    group,
    memberships,
    startedAt,
    unkeptBelowCommitted,
  };
}

/**
 * Each good record writes its own row, identified by its key. The broken records are bytes with
 * unusual headers.
 */
function records(): Message[] {
  return Array.from({ length: RECORDS }, (_, index) => {
    if (index % EACH_BROKEN > 0) {
      const event = membershipEvent({
        userId: `u${index % 50}`,
        groupId: `g${index}`,
      });
      return { ...event, key: `g${index}` };
    }
    return {
      key: Buffer.from([0xff, 0x00, index % 256]),
      value: Buffer.from([0x7b, 0xfe, 0x00, 0x0a, index % 256]),
      headers: {
        'content-type': 'application/cloudevents+json',
        bytes: Buffer.from([0x00, 0xff, 0x0d, 0x0a]),
        empty: '',
        twice: ['one', 'two'],
        ümlaut: '✓',
      },
      partition: (index / EACH_BROKEN) % PARTITIONS,
      timestamp: String(1_700_000_000_000 + index),
    };
  });
}

function isBroken({ value }: SeenMessage): boolean {
  return value?.[1] === 0xfe;
}

function placeOf({ partition, offset }: SeenMessage): string {
  return `${partition}/${offset}`;
}

function letterOf(letters: readonly SeenMessage[], record: SeenMessage): SeenMessage | undefined {
  return letters.find(({ headers }) => {
    const partition = String(headers?.['dlq-partition']);
    const offset = String(headers?.['dlq-offset']);
    return `${partition}/${offset}` === placeOf(record);
  });
}

/** Each broken record has a byte-identical letter, and there are no other letters. */
function expectExactLetters({ sent, letters, topic, startedAt }: World): void {
  const broken = sent.filter(isBroken);
  const places = new Set<string>();
  for (const letter of letters) {
    const original = broken.find((record) => letterOf([letter], record));
    expect(original).toBeDefined();
    if (!original) continue;
    places.add(placeOf(original));
    expect(letter.key).toEqual(original.key);
    expect(letter.value).toEqual(original.value);
    expect(letter.headers).toEqual({
      ...original.headers,
      'dlq-reason': Buffer.from('value is not UTF-8'),
      'dlq-topic': Buffer.from(topic),
      'dlq-partition': Buffer.from(String(original.partition)),
      'dlq-offset': Buffer.from(original.offset),
      'dlq-timestamp': Buffer.from(original.timestamp),
    });
    expect(Number(letter.timestamp)).toBeGreaterThanOrEqual(startedAt);
  }
  expect(places.size).toBe(broken.length);
  // the consumer that was killed between writing and committing wrote its letters twice
  const repeated = letters.length - broken.length;
  expect(repeated).toBeGreaterThan(0);
  expect(repeated).toBeLessThan(broken.length);
}
