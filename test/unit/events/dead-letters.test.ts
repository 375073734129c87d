import { afterEach, describe, expect, test, vi } from 'vitest';

import type { KafkaRecord } from '../../../services/events/kafka/kafka-port.js';
import { TerminalError, UnavailableError } from '../../../services/lib/errors.js';
import { kafkaRecord, recordsFor } from '../../builders/event-record.js';
import { createFakeKafka } from '../../fakes/fake-kafka.js';
import { committed, startConsumer, stopConsumers, storeOf, users } from './start-consumer.js';

afterEach(stopConsumers);

const broken = (offset: string): KafkaRecord =>
  kafkaRecord({
    offset,
    value: Buffer.from('{"a"'),
    headers: { trace: Buffer.from('t') },
  });
const unreadable = () => new TerminalError('UNREADABLE_FACT', 'value out of range');

describe('an unreadable record', () => {
  test('goes to the dead letters unchanged, with the reason, before the commit', async () => {
    const [first, last] = recordsFor('a', 'b', 'c').filter((_, index) => index !== 1);
    if (!first || !last) throw new Error('no records');
    const kafka = createFakeKafka([first, broken('1'), last]);

    const consumer = await startConsumer(kafka);
    await committed(kafka, 2);

    expect(kafka.journal).toEqual([
      'applied a,c',
      'produced 1 to platform.events.dlq',
      'committed 2',
    ]);
    expect(kafka.produced.get('platform.events.dlq')).toEqual([
      {
        key: Buffer.from('user-7'),
        value: Buffer.from('{"a"'),
        headers: {
          trace: Buffer.from('t'),
          'dlq-reason': 'value is not JSON',
          'dlq-topic': 'platform.events',
          'dlq-partition': '0',
          'dlq-offset': '1',
          'dlq-timestamp': String(first.timestampMs),
        },
        timestampMs: first.timestampMs,
      },
    ]);
    expect(consumer.counts()).toMatchObject({ applied: 2, deadLettered: 1 });
  });

  test('is not committed while the dead letters are unreachable, and its neighbours are not applied again', async () => {
    const kafka = createFakeKafka([...recordsFor('a'), broken('1')]);
    kafka.faults.produce.push(new UnavailableError('down'), new UnavailableError('down'));

    await startConsumer(kafka);
    await committed(kafka, 1);

    expect(kafka.faults.produce).toEqual([]);
    expect(kafka.journal).toEqual([
      'applied a',
      'produced 1 to platform.events.dlq',
      'committed 1',
    ]);
  });

  test('loses its value and headers if the dead letters reject its size', async () => {
    const kafka = createFakeKafka([broken('0'), broken('1')]);
    const tooLarge = () => new TerminalError('RECORD_TOO_LARGE', 'too large');
    kafka.faults.produce.push(tooLarge(), tooLarge()); // both together, then the first alone

    await startConsumer(kafka);
    await committed(kafka, 1);

    const [first, second] = kafka.produced.get('platform.events.dlq') ?? [];
    expect(first).toMatchObject({ value: null, key: Buffer.from('user-7') });
    expect(first?.headers).toMatchObject({
      'dlq-offset': '0',
      'dlq-omitted': 'value of 4 bytes and headers: too large for this topic',
    });
    expect(first?.headers).not.toHaveProperty('trace');
    expect(second).toMatchObject({ value: Buffer.from('{"a"') });
  });

  test('is found by halving the batch if only the store rejects it', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b', 'poison', 'd', 'e'));
    const store = storeOf(kafka);

    const consumer = await startConsumer(kafka, async (facts) => {
      if (users(facts).includes('poison')) throw unreadable();
      return store(facts);
    });
    await committed(kafka, 4);

    expect(kafka.journal).toEqual([
      'applied a,b',
      'applied d,e',
      'produced 1 to platform.events.dlq',
      'committed 4',
    ]);
    expect(kafka.produced.get('platform.events.dlq')?.[0]?.headers).toMatchObject({
      'dlq-reason': 'value out of range',
      'dlq-offset': '2',
    });
    expect(consumer.counts()).toMatchObject({ applied: 4, deadLettered: 1 });
  });

  test('is found by halving even if the store becomes unreachable during the search', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'poison', 'c'));
    const store = storeOf(kafka);
    const away = [new UnavailableError('away'), new UnavailableError('away')];

    await startConsumer(kafka, async (facts) => {
      if (facts.length === 1 && away.length > 0) throw away.pop();
      if (users(facts).includes('poison')) throw unreadable();
      return store(facts);
    });
    await committed(kafka, 2);

    expect(kafka.journal).toEqual([
      'applied a',
      'applied c',
      'produced 1 to platform.events.dlq',
      'committed 2',
    ]);
  });

  test('is not assumed if the store fails for another reason: nothing goes to the dead letters', async () => {
    const kafka = createFakeKafka(recordsFor('a'));
    const apply = vi.fn(storeOf(kafka)).mockRejectedValueOnce(new TerminalError('OTHER', 'a bug'));

    await startConsumer(kafka, apply);
    await committed(kafka, 0);

    expect(kafka.journal).toEqual(['applied a', 'committed 0']);
  });
});
