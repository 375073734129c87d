import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { APPLIED } from '../builders/fact-outcomes.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { startKafka, type KafkaNode } from '../support/kafka-node.js';
import { soon } from '../support/soon.js';
import {
  createCleanup,
  createPort,
  createTopic,
  membershipEvent,
  produce,
  produceUsers,
  ready,
  startReader,
  startRelay,
  usersOf,
} from './events-setting.js';
import { watchGroup } from './group-watch.js';

const cleanup = createCleanup();
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));
afterEach(async () => {
  await cleanup.run();
  expect(warnings).not.toContain('TimeoutNegativeWarning');
});

const canCrash = hasBroker() && testBroker().kind === 'java';

describe.skipIf(!canCrash)('a broker', () => {
  let node: KafkaNode;
  beforeAll(async () => {
    node = await startKafka();
  });
  afterAll(async () => node.close());

  test('that does not respond does not keep a starting consumer from being stopped', async () => {
    node.freeze();
    cleanup.add(async () => node.thaw());
    const port = createPort(node.brokers, cleanup);

    const reader = await startReader({ port, topic: uniqueName('t') }, cleanup);

    await reader.stop(); // if it hangs, the test times out
    expect(reader.consumer.ready()).toMatchObject({ ok: false });
  });

  test('that stops mid-stream and starts again loses and skips no event, and the consumer recovers by itself', async () => {
    const { brokers } = node;
    const topic = uniqueName('platform.events');
    const groupId = uniqueName('group');
    const rounds = 20;
    await createTopic(brokers, topic, { partitions: 3 });
    await produce(brokers, topic, eventsOf(rounds));
    const seen: string[] = [];
    const midway = Promise.withResolvers<void>();
    let isGone = false;
    const reader = await startReader(
      {
        port: createPort(brokers, cleanup),
        topic,
        groupId,
        applyFacts: async (facts) => {
          seen.push(...facts.map(({ cause }) => cause.id));
          if (seen.length > (rounds * USERS) / 3 && !isGone) {
            isGone = true;
            await node.stop(); // while it processes facts that are not committed yet
            midway.resolve();
          }
          return facts.map(() => APPLIED);
        },
      },
      cleanup,
    );

    await midway.promise;
    await soon(() => expect(reader.consumer.ready().ok).toBe(false));
    expect(new Set(seen).size).toBeLessThan(rounds * USERS);
    await node.start();
    await ready(reader);
    const group = await watchGroup(brokers, { topic, groupId }, cleanup);
    await group.caughtUp();

    expect(new Set(seen).size).toBe(rounds * USERS);
    expect(skippedIn(seen)).toEqual([]);
  });

  test('that is down at start-up and crashes later makes the consumer and the relay not ready, and both recover by themselves', async () => {
    const { brokers } = node;
    const topic = uniqueName('platform.events');
    const outTopic = uniqueName('discord-connector.events');
    await produceUsers(brokers, topic, ['a']);
    await node.kill();

    const reader = await startReader({ port: createPort(brokers, cleanup), topic }, cleanup);
    const { outbox, relay } = await startRelay(brokers, outTopic, cleanup);
    outbox.add('e1');
    await soon(() => expect(reader.consumer.ready().ok).toBe(false));
    await soon(() => expect(relay.ready().ok).toBe(false));

    await node.start();
    await soon(() => expect(usersOf(reader.facts)).toEqual(['a']));
    await soon(() => expect(outbox.waiting()).toEqual([]));

    await node.kill();
    outbox.add('e2');
    await soon(() => expect(reader.consumer.ready().ok).toBe(false));
    await node.start();
    await produceUsers(brokers, topic, ['b']);
    await soon(() => expect(new Set(usersOf(reader.facts))).toEqual(new Set(['a', 'b'])));
    await soon(() => expect(outbox.waiting()).toEqual([]));
    await ready(reader);

    await node.kill();
    await reader.stop(); // in time, although the broker does not respond
    await relay.stop();
  });
});

const USERS = 300;

/** In each round, one event for each user. The event id names the user and the round. */
function eventsOf(rounds: number) {
  return Array.from({ length: rounds * USERS }, (_, index) =>
    membershipEvent({
      userId: `u${index % USERS}`,
      sequence: 1 + Math.floor(index / USERS),
    }),
  );
}

/** Events that arrived before their predecessor. A repeated event does not count. */
function skippedIn(eventIds: readonly string[]): readonly string[] {
  const newest = new Map<string, number>();
  return eventIds.filter((eventId) => {
    const [, userId = '', sequence] = eventId.split('-');
    const before = newest.get(userId) ?? 0;
    newest.set(userId, Math.max(before, Number(sequence)));
    return Number(sequence) > before + 1;
  });
}
