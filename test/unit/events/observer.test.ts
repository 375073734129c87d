import { afterEach, describe, expect, test } from 'vitest';

import { APPLIED, STALE } from '../../builders/fact-outcomes.js';
import { applyChunk } from '../../../services/events/in/take-batch.js';
import { countEvents, eventChunks } from '../../../services/events/in/event-chunks.js';
import type { EventObserver } from '../../../services/events/ports.js';
import { TerminalError } from '../../../services/lib/errors.js';
import type { Cause } from '../../../services/model.js';
import { cloudEvent, kafkaRecord, recordsFor, structured } from '../../builders/event-record.js';
import { createFakeKafka } from '../../fakes/fake-kafka.js';
import { soon } from '../../support/soon.js';
import { committed, startConsumer, stopConsumers, storeOf } from './start-consumer.js';

afterEach(stopConsumers);

type Seen = { readonly [K in keyof EventObserver]: unknown[] };

function createObserver(traces = false) {
  const seen: Seen = {
    events: [],
    progress: [],
    assigned: [],
    traceRecord: [],
  };
  let ended = 0;
  const observer: EventObserver = {
    events: (taken) => seen.events.push(taken),
    progress: (progress) => seen.progress.push(progress),
    assigned: (partitions) => seen.assigned.push(partitions),
    traceRecord: traces
      ? ({ offset, headers }) => {
          seen.traceRecord.push(String(headers['traceparent']));
          return {
            traceparent: `00-trace-of-${offset}`,
            run: (work) => work(),
            end: () => {
              ended += 1;
            },
          };
        }
      : null,
  };
  return { observer, seen, ended: () => ended };
}

describe('an observer of the event consumer', () => {
  test('receives the progress and the counted results', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b', 'c'));
    const { observer, seen } = createObserver();

    await startConsumer(kafka, storeOf(kafka), observer);
    await soon(() => expect(seen.events).toHaveLength(1));

    const its = { topic: 'platform.events', partition: 0 };
    expect(seen.progress).toEqual([
      { ...its, behind: null, isBusy: true },
      { ...its, behind: null, isBusy: false },
    ]);
    expect(seen.events).toEqual([
      {
        topic: 'platform.events',
        counts: [
          {
            type: 'platform.group.membership.changed.v1',
            result: 'applied',
            times: 3,
          },
        ],
        deadLetters: 0,
      },
    ]);
  });

  test('receives the number of records behind if the broker reports it', async () => {
    const kafka = createFakeKafka(recordsFor('a', 'b'));
    const { observer, seen } = createObserver();

    await startConsumer(
      {
        ...kafka,
        consume: (options) =>
          kafka.consume({
            ...options,
            onBatch: (batch) => options.onBatch({ ...batch, endOffset: '10' }),
          }),
      },
      storeOf(kafka),
      observer,
    );
    await soon(() => expect(seen.events).toHaveLength(1));

    expect(seen.progress).toMatchObject([{ behind: 10 }, { behind: 8 }]);
  });

  test('continues the trace of each record in the cause of its fact', async () => {
    const causes: (Cause | undefined)[] = [];
    const records = [
      kafkaRecord({
        headers: {
          ...kafkaRecord().headers,
          traceparent: Buffer.from('00-producer'),
        },
      }),
      kafkaRecord({ offset: '1' }),
    ];
    const kafka = createFakeKafka(records);
    const { observer, seen, ended } = createObserver(true);
    const store = storeOf(kafka);

    await startConsumer(
      kafka,
      async (facts) => {
        causes.push(...facts.map(({ cause }) => cause));
        return store(facts);
      },
      observer,
    );
    await committed(kafka, 1);

    expect(seen.traceRecord).toEqual(['00-producer', 'undefined']);
    expect(causes.map((cause) => cause?.traceparent)).toEqual(['00-trace-of-0', '00-trace-of-1']);
    expect(ended()).toBe(2);
  });

  test('without tracing adds nothing to the facts', async () => {
    const causes: Cause[] = [];
    const kafka = createFakeKafka(recordsFor('a'));
    const store = storeOf(kafka);

    await startConsumer(kafka, async (facts) => {
      causes.push(...facts.map(({ cause }) => cause));
      return store(facts);
    });
    await committed(kafka, 0);

    expect(causes).toHaveLength(1);
    expect(causes[0]).not.toHaveProperty('traceparent');
  });
});

describe('outdated facts', () => {
  test('are counted by the deletion that outranks them', async () => {
    const kinds = ['userDeleted', 'groupDeleted', 'userRestored'] as const;
    const [chunk] = eventChunks(
      kinds.map((id, offset) => structured(cloudEvent({ id }), { offset: String(offset) })),
    );
    if (chunk === undefined) throw new Error('no chunk');
    const order = { sequence: null, timeUs: 1 };
    const deletion = { order, platformUserId: 'alice', by: null };

    const applied = await applyChunk(chunk.facts, async () =>
      kinds.map((kind) => ({
        verdict: 'stale',
        losses: [{ groupId: null, order, outrankedBy: { kind, ...deletion } }],
      })),
    );

    const counts = countEvents(chunk, applied);
    expect(counts.map(({ result }) => result)).toEqual(['user_deleted', 'group_deleted', 'stale']);
  });
});

describe('the result of a chunk', () => {
  test('is counted by type and result, each verdict with its own fact', async () => {
    const [chunk] = eventChunks([
      structured(cloudEvent({ id: 'one' }), { offset: '0' }),
      structured(cloudEvent({ id: 'bad' }), { offset: '1' }),
      structured(cloudEvent({ type: 'platform.user.deleted.v1', data: { userId: 'x' } }), {
        offset: '2',
      }),
      structured(cloudEvent({ type: 'order.placed' }), { offset: '3' }),
      kafkaRecord({ value: Buffer.from('{'), offset: '4' }),
    ]);
    if (chunk === undefined) throw new Error('no chunk');

    const applied = await applyChunk(chunk.facts, async (facts) =>
      facts.map(({ cause: { id } }) => {
        if (id === 'bad') throw new TerminalError('UNREADABLE_FACT', 'no');
        return id === 'one' ? STALE : APPLIED;
      }),
    );

    expect(countEvents(chunk, applied)).toEqual([
      {
        type: 'platform.group.membership.changed.v1',
        result: 'stale',
        times: 1,
      },
      {
        type: 'platform.group.membership.changed.v1',
        result: 'dead_lettered',
        times: 1,
      },
      { type: 'platform.user.deleted.v1', result: 'applied', times: 1 },
      { type: 'unreadable', result: 'dead_lettered', times: 1 },
      { type: 'foreign', result: 'skipped', times: 1 },
    ]);
  });
});
