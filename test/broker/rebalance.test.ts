import { afterEach, describe, expect, test } from 'vitest';

import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import type { JournalLine } from '../support/consume-child.js';
import { soon } from '../support/soon.js';
import { createMigratedDatabase } from '../support/store.js';
import { createChildren } from './consume-children.js';
import { queryOf } from './database-watch.js';
import { createCleanup, createTopic, membershipEvent, plainClient } from './events-setting.js';
import { watchGroup } from './group-watch.js';

const PARTITIONS = 6;
const USERS = 60;

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

describe.skipIf(!hasKafka())('three consumers of one group', () => {
  test('join, leave and are killed while events flow, and still apply each fact in order for its key and store the newest', async () => {
    const world = await createWorld();
    const { children, group, hasTaken } = world;
    const flow = startFlow(world.brokers, world.topic);
    cleanup.add(flow.stop);

    await children.start('first');
    await soon(hasTaken('first'));
    const second = await children.start('second');
    await soon(hasTaken('second'));
    const third = await children.start('third');
    await soon(hasTaken('third'));
    await soon(async () => expect(await group.members()).toHaveLength(3));

    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
    await soon(async () => expect(await group.members()).toHaveLength(2));
    await soon(hasTaken('third', flow.now()));

    third.signal('SIGKILL');
    expect(await third.ended).toBe('SIGKILL');
    await soon(async () => expect(await group.members()).toHaveLength(1));
    await soon(hasTaken('first', flow.now()));
    const { last } = await flow.stop();
    await group.caughtUp();

    const lines = await children.journal();
    expect(gapsIn(lines)).toEqual([]);
    expect(await group.committed()).toHaveLength(PARTITIONS);
    expect(Math.min(...(await group.committed()))).toBeGreaterThan(0);
    const standing = await world.query<Standing>(
      'select platform_user_id, is_held, sequence::int from membership',
    );
    expect(standing.toSorted(byUser)).toEqual(
      userIds.toSorted().map((platform_user_id) => ({
        platform_user_id,
        is_held: isHeldAfter(last),
        sequence: last,
      })),
    );
  });
});

interface Standing {
  readonly platform_user_id: string;
  readonly is_held: boolean;
  readonly sequence: number;
}

const userIds = Array.from({ length: USERS }, (_, index) => `u${index}`);
const isHeldAfter = (sequence: number) => sequence % 2 === 1;

async function createWorld() {
  const { brokers } = testBroker();
  const topic = uniqueName('platform.events');
  const groupId = uniqueName('group');
  const database = await createMigratedDatabase();
  cleanup.add(database.drop);
  await createTopic(brokers, topic, { partitions: PARTITIONS });
  const children = await createChildren(
    { brokers, topic, groupId, databaseUrl: database.url },
    cleanup,
  );
  const group = await watchGroup(brokers, { topic, groupId }, cleanup);
  const query = await queryOf(database.url, cleanup);
  /** Expects that this consumer handed the store a fact newer than `after`. */
  const hasTaken =
    (name: string, after = 0) =>
    async () => {
      const lines = await children.journal();
      const its = lines.filter(({ by }) => by === name);
      const newest = its.flatMap(({ facts }) => facts.map(sequenceOf));
      expect(newest.some((sequence) => sequence > after)).toBe(true);
    };
  return { brokers, topic, children, group, query, hasTaken };
}

/** In each round, one event for every user: odd rounds add, even rounds remove. */
function startFlow(brokers: string, topic: string) {
  let last = 0;
  const over = new AbortController();
  const run = async () => {
    const producer = plainClient(brokers).producer();
    await producer.connect();
    while (!over.signal.aborted) {
      const sequence = last + 1;
      const change = isHeldAfter(sequence) ? 'added' : 'removed';
      const messages = userIds.map((userId) => membershipEvent({ userId, change, sequence }));
      await producer.send({ topic, acks: -1, messages });
      last = sequence;
    }
    await producer.disconnect();
  };
  const running = run();
  return {
    now: () => last,
    stop: async () => {
      over.abort();
      await running;
      return { last };
    },
  };
}

/** Facts that were handed over before their predecessor. A repeated fact does not count. */
function gapsIn(lines: readonly JournalLine[]): readonly string[] {
  const newest = new Map<string, number>();
  const gaps: string[] = [];
  for (const { by, facts } of lines) {
    for (const fact of facts) {
      const [userId = ''] = fact.split(':');
      const before = newest.get(userId) ?? 0;
      if (sequenceOf(fact) > before + 1) gaps.push(`${fact} by ${by}`);
      newest.set(userId, Math.max(before, sequenceOf(fact)));
    }
  }
  return gaps;
}

function sequenceOf(fact: string): number {
  return Number(fact.slice(fact.indexOf(':') + 1));
}

function byUser(a: Standing, b: Standing): number {
  return a.platform_user_id < b.platform_user_id ? -1 : 1;
}
