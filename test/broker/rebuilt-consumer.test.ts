import { createRequire } from 'node:module';

import { KafkaJSConnectionError, KafkaJSNonRetriableError } from 'kafkajs';
import { afterEach, describe, expect, test, vi } from 'vitest';

import type { KafkaPort, RecordBatch } from '../../services/events/kafka/kafka-port.js';
import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import {
  createCleanup,
  createPort,
  createTopic,
  numbered,
  produceUsers,
  ready,
  startReader,
  usersOf,
} from './events-setting.js';
import { watchGroup } from './group-watch.js';

const cleanup = createCleanup();
afterEach(async () => {
  await cleanup.run();
  vi.restoreAllMocks();
});

async function createWorld() {
  const { brokers } = testBroker();
  const topic = uniqueName('platform.events');
  const groupId = uniqueName('group');
  await createTopic(brokers, topic);
  const group = await watchGroup(brokers, { topic, groupId }, cleanup);
  const port = createPort(brokers, cleanup);
  const read = async (its: KafkaPort = port) => startReader({ port: its, topic, groupId }, cleanup);
  return { brokers, topic, group, port, read };
}

describe.skipIf(!hasKafka())('a consumer', () => {
  test('is rebuilt after an unrecoverable error, and continues from the committed offset', async () => {
    const { brokers, topic, group, port, read } = await createWorld();
    const users = numbered('u', 1_200);
    await produceUsers(brokers, topic, users);
    const ends: string[] = [];

    const reader = await read(endingAtCommit(2, port, ends));
    await group.caughtUp();

    expect(ends).toEqual(['UNKNOWN_SERVER_ERROR']);
    // the second portion was applied but not committed, so only that portion is repeated
    expect(usersOf(reader.facts)).toEqual([...users.slice(0, 1_000), ...users.slice(500)]);
    await ready(reader);
  });

  test('whose topic is deleted and recreated reads the new topic from its beginning', async () => {
    const { brokers, topic, group, read } = await createWorld();
    await produceUsers(brokers, topic, numbered('old', 30));
    const reader = await read();
    await group.caughtUp();

    await group.admin.deleteTopics({ topics: [topic] });
    await soon(async () => {
      await createTopic(brokers, topic);
      await produceUsers(brokers, topic, numbered('new', 20));
    });

    await soon(() =>
      expect(new Set(usersOf(reader.facts))).toEqual(
        new Set([...numbered('old', 30), ...numbered('new', 20)]),
      ),
    );
    await group.caughtUp();
    await ready(reader);
  });
});

describe.skipIf(!hasKafka())('a failed commit', () => {
  test('is repeated even if no other event follows', async () => {
    const { brokers, topic, group, read } = await createWorld();
    await produceUsers(brokers, topic, ['a']);
    const commit = vi
      .spyOn(offsetManager(), 'commitOffsets')
      .mockRejectedValueOnce(new KafkaJSConnectionError('cut off'));

    const reader = await read();

    await group.caughtUp();
    expect(commit).toHaveBeenCalledTimes(2);
    expect(usersOf(reader.facts)).toEqual(['a', 'a']);
  });
});

/**
 * Throws an error that kafkajs treats as unrecoverable, like some broker errors, in place of one
 * commit.
 */
function endingAtCommit(time: number, port: KafkaPort, ends: string[]): KafkaPort {
  let commits = 0;
  const failing = (batch: RecordBatch): RecordBatch => ({
    ...batch,
    commit: async (offset) => {
      if ((commits += 1) !== time) return batch.commit(offset);
      throw new KafkaJSNonRetriableError('UNKNOWN_SERVER_ERROR');
    },
  });
  return {
    ...port,
    consume: async (options) => {
      const consumption = await port.consume({
        ...options,
        onBatch: async (batch) => options.onBatch(failing(batch)),
      });
      void consumption.crashed.then((error) => ends.push(error.message));
      return consumption;
    },
  };
}

interface OffsetManager {
  commitOffsets(): Promise<void>;
}

/** The object through which kafkajs sends commits. */
function offsetManager(): OffsetManager {
  const require = createRequire(import.meta.url);
  const {
    prototype,
  }: {
    prototype: OffsetManager;
  } = require('kafkajs/src/consumer/offsetManager/index.js');
  return prototype;
}
