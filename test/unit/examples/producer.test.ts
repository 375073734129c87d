import { describe, expect, test } from 'vitest';

import {
  membershipChanged,
  membershipSnapshot,
  type EventRecord,
} from '../../../examples/producer/records.js';
import { parseEvent } from '../../../services/events/in/parse-event.js';
import { kafkaRecord } from '../../builders/event-record.js';
import { eventFaults } from '../../support/event-schemas.js';

const MOMENT = { id: 'row-7', time: new Date('2026-03-14T15:09:26.500Z') };

/** As the connector takes it from the broker. */
const received = ({ key, value, headers }: EventRecord) =>
  parseEvent(
    kafkaRecord({
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
      ),
    }),
  );

const faultsOf = ({ value }: EventRecord) => {
  const event: { readonly type: string } = JSON.parse(value);
  return eventFaults(event.type, event);
};

describe('the example producer', () => {
  test.each(['added', 'removed'] as const)('sends that a membership was %s', (change) => {
    const record = membershipChanged({
      ...MOMENT,
      userId: 'alice',
      groupId: 'pilots',
      change,
      sequence: 7,
    });

    expect(record.key).toBe('alice');
    expect(faultsOf(record)).toEqual([]);
    expect(received(record)).toMatchObject({
      kind: 'fact',
      fact: {
        kind: 'membershipChanged',
        platformUserId: 'alice',
        groupId: 'pilots',
        change,
        order: { sequence: 7, timeUs: MOMENT.time.getTime() * 1000 },
        cause: { id: 'row-7', actor: '/platform/groups' },
      },
    });
  });

  test('sends all groups of a user, or an empty set', () => {
    for (const groupIds of [['pilots', 'directors'], []]) {
      const record = membershipSnapshot({
        ...MOMENT,
        userId: 'alice',
        groupIds,
      });

      expect(faultsOf(record)).toEqual([]);
      expect(received(record)).toMatchObject({
        kind: 'fact',
        fact: {
          kind: 'membershipSnapshot',
          platformUserId: 'alice',
          groupIds,
          order: { sequence: null },
        },
      });
    }
  });

  test('gives each event a unique id', () => {
    const one = () => membershipChanged({ userId: 'a', groupId: 'b', change: 'added' }).value;

    expect(JSON.parse(one()).id).not.toBe(JSON.parse(one()).id);
  });
});
