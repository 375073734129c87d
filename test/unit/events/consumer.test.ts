import { afterEach, describe, expect, test, vi } from 'vitest';

import { APPLIED, STALE, UNCHANGED } from '../../builders/fact-outcomes.js';
import type { ApplyFacts } from '../../../services/events/ports.js';
import { UnavailableError } from '../../../services/lib/errors.js';
import { cloudEvent, kafkaRecord, recordsFor, structured } from '../../builders/event-record.js';
import { createFakeKafka } from '../../fakes/fake-kafka.js';
import { soon } from '../../support/soon.js';
import { committed, startConsumer, stopConsumers, storeOf } from './start-consumer.js';

afterEach(stopConsumers);

describe('the event consumer', () => {
  test('applies the facts of a batch in one call, then commits', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b', 'c'));

    const consumer = await startConsumer(kafka);
    await committed(kafka, 2);

    expect(kafka.journal).toEqual(['applied a,b,c', 'committed 2']);
    expect(consumer.counts()).toMatchObject({ applied: 3, deadLettered: 0 });
    expect(consumer.ready()).toEqual({ ok: true });
  });

  test('limits the facts of one transaction, and commits after each', async () => {
    const kafka = createFakeKafka(recordsFor(...Array.from({ length: 1_200 }, (_, i) => `u${i}`)));

    await startConsumer(kafka);
    await committed(kafka, 1_199);

    const commits = kafka.journal.filter((line) => line.startsWith('committed'));
    expect(commits).toEqual(['committed 499', 'committed 999', 'committed 1199']);
  });

  test('limits a transaction by the rows that snapshots write', async () => {
    const groupIds = Array.from({ length: 9_000 }, (_, i) => `g${i}`);
    const type = 'platform.group.membership.snapshot.v1';
    const snapshots = Array.from({ length: 4 }, (_, i) =>
      structured(cloudEvent({ type, data: { userId: `u${i}`, groupIds } }), {
        offset: String(i),
      }),
    );
    const kafka = createFakeKafka(snapshots);

    await startConsumer(kafka);
    await committed(kafka, 3);

    expect(kafka.journal).toEqual(['applied u0,u1,u2', 'committed 2', 'applied u3', 'committed 3']);
  });

  test('counts skipped records, and commits them without a transaction', async () => {
    const foreign = structured(cloudEvent({ type: 'order.placed' }), {
      offset: '1',
    });
    const kafka = createFakeKafka([kafkaRecord({ value: null }), foreign]);

    const consumer = await startConsumer(kafka);
    await committed(kafka, 1);

    expect(kafka.journal).toEqual(['committed 1']);
    expect(consumer.counts()).toMatchObject({ skipped: 2, applied: 0 });
  });

  test('counts verdicts', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b', 'c'));

    const consumer = await startConsumer(kafka, async () => [APPLIED, STALE, UNCHANGED]);
    await committed(kafka, 2);

    expect(consumer.counts()).toEqual({
      applied: 1,
      unchanged: 1,
      stale: 1,
      partial: 0,
      skipped: 0,
      deadLettered: 0,
    });
  });

  test('commits nothing while the store is unreachable, keeps its partition, and continues where it stopped', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b'));
    const store = storeOf(kafka);
    let isAway = true;

    const consumer = await startConsumer(kafka, async (facts) => {
      if (isAway) throw new UnavailableError('no connection');
      return store(facts);
    });
    await soon(() => expect(kafka.beats()).toBeGreaterThan(3));

    expect(kafka.journal).toEqual([]);
    expect(consumer.ready()).toEqual({
      ok: false,
      reason: 'applying facts failed: no connection',
    });

    isAway = false;
    await committed(kafka, 1);
    expect(kafka.journal).toEqual(['applied a,b', 'committed 1']);
    expect(kafka.produced.size).toBe(0);
    expect(consumer.ready()).toEqual({ ok: true });
  });

  test('keeps its partition during a long transaction', async () => {
    const kafka = createFakeKafka(recordsFor('a'));
    const done = Promise.withResolvers<void>();

    await startConsumer(kafka, async () => {
      await done.promise;
      return [APPLIED];
    });
    await soon(() => expect(kafka.beats()).toBeGreaterThan(3));

    expect(kafka.committed()).toBe(0);
    done.resolve();
    await committed(kafka, 0);
  });

  test('gives a batch back if it loses the partition while it waits', async () => {
    const kafka = createFakeKafka(recordsFor('a'));
    kafka.faults.heartbeat.push(new Error('rebalancing'));
    const apply = vi.fn(storeOf(kafka)).mockRejectedValueOnce(new Error('away'));

    const consumer = await startConsumer(kafka, apply);
    await committed(kafka, 0);

    expect(kafka.faults.heartbeat).toEqual([]);
    expect(apply).toHaveBeenCalledTimes(2);
    expect(consumer.ready()).toEqual({ ok: true });
  });

  test('applies and commits again after a failed commit', async () => {
    const kafka = createFakeKafka(recordsFor('a'));
    kafka.faults.commit.push(new Error('not coordinator'));

    await startConsumer(kafka);
    await committed(kafka, 0);

    expect(kafka.journal).toEqual(['applied a', 'applied a', 'committed 0']);
  });
});

describe('stopping the consumer', () => {
  test('finishes the current chunk and leaves the rest', async () => {
    const kafka = createFakeKafka(recordsFor(...Array.from({ length: 600 }, (_, i) => `u${i}`)));
    const applying = Promise.withResolvers<void>();
    const apply = vi.fn<ApplyFacts>(async (facts) => {
      await applying.promise;
      return facts.map(() => APPLIED);
    });
    const consumer = await startConsumer(kafka, apply);
    await soon(() => expect(apply).toHaveBeenCalled());

    const stopped = consumer.stop();
    applying.resolve();
    await stopped;

    expect(apply).toHaveBeenCalledTimes(1);
    expect(kafka.committed()).toBe(500);
    expect(kafka.open()).toBe(0);
    expect(consumer.ready()).toMatchObject({ ok: false });
  });

  test('does not wait for an unreachable store, and the batch is delivered again', async () => {
    const kafka = createFakeKafka(recordsFor('a'));
    const apply = vi.fn<ApplyFacts>().mockRejectedValue(new Error('away'));
    const consumer = await startConsumer(kafka, apply);
    await soon(() => expect(apply).toHaveBeenCalled());

    await consumer.stop();
    expect(kafka.committed()).toBe(0);

    await startConsumer(kafka);
    await committed(kafka, 0);
    expect(kafka.journal).toEqual(['applied a', 'committed 0']);
  });
});

describe('a crashed consumption', () => {
  test('is restarted', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b'), 1);
    const consumer = await startConsumer(kafka);
    await committed(kafka, 1);

    kafka.faults.consume.push(new Error('no broker'), new Error('no broker'));
    kafka.crash(new Error('UNKNOWN_SERVER_ERROR'));

    await soon(() => {
      expect(kafka.faults.consume).toEqual([]);
      expect(consumer.ready()).toEqual({ ok: true });
    });
    expect(kafka.open()).toBe(1);
  });
});
