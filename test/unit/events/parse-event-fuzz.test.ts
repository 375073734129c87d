import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseEvent } from '../../../services/events/parse-event.js';
import { kafkaRecord, structured } from '../../builders/event-record.js';
import { anyEvent } from './any-event.js';

const NUM_RUNS = 10_000;

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 3 }).map((json) => Buffer.from(json)),
  anyEvent.map((event) => Buffer.from(JSON.stringify(event))),
);
const headerName = fc.constantFrom(
  'content-type',
  'ce_specversion',
  'ce_type',
  'ce_id',
  'ce_source',
  'ce_time',
  '__proto__',
  'constructor',
);
const headerValue = fc.oneof(
  fc
    .constantFrom(
      'application/cloudevents+json',
      'application/json',
      '1.0',
      'platform.user.deleted.v1',
    )
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.constant([Buffer.from('1.0'), Buffer.from('platform.user.changed.v1')]),
  fc.constant([]),
);
const anyRecord = fc.record({
  value: fc.option(anyBytes),
  headers: fc.dictionary(headerName, headerValue),
  timestampMs: fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(-1)),
});

/** Whatever is let through can be written to PostgreSQL and ordered exactly. */
function expectUsable(parsed: ReturnType<typeof parseEvent>): void {
  if (parsed.kind === 'broken') {
    expect(parsed.reason).toMatch(/^\P{Cc}+$/u);
    expect(parsed.reason.length).toBeLessThan(600);
  }
  if (parsed.kind !== 'fact') return;
  const { order, cause } = parsed.fact;
  expect(order.timeUs).toSatisfy(Number.isSafeInteger);
  expect(order.sequence ?? 0).toSatisfy(Number.isSafeInteger);
  expect(cause.id).not.toBe('');
  JSON.stringify(parsed.fact, (_, value: unknown) => {
    if (typeof value === 'string') expect(value).toMatch(/^[^\p{Cc}\p{Cs}]*$/u);
    return value;
  });
}

describe('parseEvent', () => {
  test('never throws, whatever the record holds', () => {
    fc.assert(
      fc.property(anyRecord, (its) =>
        expectUsable(parseEvent(kafkaRecord(its))),
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test('says the same of an event whenever it is asked', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const record = structured(event);

        const parsed = parseEvent(record);

        expectUsable(parsed);
        expect(parseEvent(record)).toEqual(parsed);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
