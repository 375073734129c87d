import { afterEach, describe, expect, test } from 'vitest';

import type { EventObserver } from '../../services/events/ports.js';
import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { produceForeign } from '../support/foreign-producer.js';
import { soon } from '../support/soon.js';
import { createCleanup, createPort, createTopic, startReader } from './events-setting.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const event = (userId: string) =>
  JSON.stringify({
    specversion: '1.0',
    id: `event-${userId}`,
    source: '/platform',
    type: 'platform.group.membership.changed.v1',
    time: new Date().toISOString(),
    data: { userId, groupId: 'miners', change: 'added' },
  });

describe.skipIf(!hasKafka())('the observer of the event consumer', () => {
  test('receives the assigned partitions, the lag including records in progress, and the producer’s trace', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    await createTopic(brokers, topic, { partitions: 1 });
    const records = ['a', 'b', 'c'].map((userId) => ({
      topic,
      key: userId,
      value: event(userId),
      headers: {
        'content-type': 'application/cloudevents+json',
        traceparent: TRACEPARENT,
      },
    }));
    await produceForeign(brokers, records);
    const assigned: Parameters<EventObserver['assigned']>[0][] = [];
    const progress: Parameters<EventObserver['progress']>[0][] = [];
    const traced: string[] = [];
    const observer: EventObserver = {
      assigned: (partitions) => assigned.push(partitions),
      progress: (seen) => progress.push(seen),
      events: () => undefined,
      traceRecord: ({ headers }) => {
        traced.push(String(headers['traceparent']));
        return {
          traceparent: 'x',
          run: (work) => work(),
          end: () => undefined,
        };
      },
    };

    await startReader({ port: createPort(brokers, cleanup), topic, observer }, cleanup);
    await soon(() => expect(progress.at(-1)).toMatchObject({ behind: 0, isBusy: false }));

    expect(assigned[0]).toEqual({ [topic]: [0] });
    expect(progress[0]).toEqual({
      topic,
      partition: 0,
      behind: 3,
      isBusy: true,
    });
    expect(traced).toEqual([TRACEPARENT, TRACEPARENT, TRACEPARENT]);
  });
});
