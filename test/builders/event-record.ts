import type { KafkaRecord } from '../../services/events/kafka/kafka-port.js';

export const CHANGED = 'platform.group.membership.changed.v1';
export const STRUCTURED = 'application/cloudevents+json; charset=UTF-8';

/** When the record was written; the events of these builders are from the same second. */
export const RECORD_TIME = Date.UTC(2026, 2, 14, 15, 9, 26);

/** A CloudEvent in JSON; a member that is set to undefined is left out. */
export function cloudEvent(its: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: 'event-1',
    source: '/platform',
    type: CHANGED,
    time: '2026-03-14T15:09:26Z',
    datacontenttype: 'application/json',
    data: { userId: 'user-7', groupId: 'miners', change: 'added' },
    ...its,
  };
}

export function kafkaRecord(its: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    topic: 'platform.events',
    partition: 0,
    offset: '0',
    key: Buffer.from('user-7'),
    value: Buffer.from(JSON.stringify(cloudEvent())),
    headers: { 'content-type': Buffer.from(STRUCTURED) },
    timestampMs: RECORD_TIME,
    ...its,
  };
}

export function structured(event: unknown, its: Partial<KafkaRecord> = {}): KafkaRecord {
  return kafkaRecord({ value: Buffer.from(JSON.stringify(event)), ...its });
}

/** The same event in binary mode: attributes in headers, its payload alone in the value. */
export function binary(
  event: Readonly<Record<string, unknown>>,
  its: Partial<KafkaRecord> = {},
): KafkaRecord {
  const { data, datacontenttype, ...attributes } = event;
  const headers: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    headers[`ce_${name}`] = Buffer.from(text);
  }
  if (typeof datacontenttype === 'string') {
    headers['content-type'] = Buffer.from(datacontenttype);
  }
  const value = Buffer.from(JSON.stringify(data) ?? '');
  return kafkaRecord({ headers, value, ...its });
}

/** Records of one partition that say, in order, that these users were put into a group. */
export function recordsFor(...userIds: readonly string[]): KafkaRecord[] {
  return userIds.map((userId, index) =>
    structured(
      cloudEvent({
        id: `event-${index}`,
        data: { userId, groupId: 'miners', change: 'added' },
      }),
      { offset: String(index), key: Buffer.from(userId) },
    ),
  );
}
