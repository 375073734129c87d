import type { OutgoingRecord } from '../kafka/kafka-port.js';
import type { OutboxEvent } from '../../model.js';

/**
 * Returns the event as a CloudEvent in structured mode. The same event always gives the same bytes.
 */
export function toCloudEvent(event: OutboxEvent, source: string): OutgoingRecord {
  const { id, key, type, subject, time } = event;
  const value = JSON.stringify({
    specversion: '1.0',
    id,
    source,
    type,
    ...(subject !== null && { subject }),
    time: time.toISOString(),
    datacontenttype: 'application/json',
    data: event.data,
  });
  return {
    key,
    value,
    headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
    timestampMs: time.getTime(),
  };
}
