import v8 from 'node:v8';
import vm from 'node:vm';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseEvent } from '../../../services/events/in/parse-event.js';
import { structured } from '../../builders/event-record.js';
import { hostileCorpus } from '../../hostile/event-cases.js';
import { hostileEvent, hostileEvents } from '../../hostile/events.js';
import { faultOf, inherited } from '../../hostile/verdict.js';
import { anyEvent } from './any-event.js';

/** `npm run bench -- hostile` runs a hundred thousand. */
const NUM_RUNS = 10_000;

/** An accepted event can be written to PostgreSQL and ordered exactly. */
function expectUsable(parsed: ReturnType<typeof parseEvent>): void {
  expect(faultOf(parsed)).toBeNull();
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
  test('returns a fact, a skip or a reason without secrets for any hostile event', () => {
    const before = inherited();
    const endings = { fact: 0, skip: 0, broken: 0 };

    fc.assert(
      fc.property(hostileEvent, (record) => {
        const parsed = parseEvent(record);
        endings[parsed.kind] += 1;
        expectUsable(parsed);
      }),
      { numRuns: NUM_RUNS },
    );

    // otherwise the generator has become too wild or too tame to prove anything
    expect(endings.fact).toBeGreaterThan(NUM_RUNS / 20);
    expect(endings.broken).toBeGreaterThan(NUM_RUNS / 4);
    expect(inherited()).toEqual(before);
  });

  test.each([...hostileCorpus()])('parses $name as $ending', (hostile) => {
    const before = inherited();

    const parsed = parseEvent(hostile.record);

    expect(parsed.kind).toBe(hostile.ending);
    expectUsable(parsed);
    expect(inherited()).toEqual(before);
  });

  test('returns the same result each time it reads an event', () => {
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

  test('retains nothing of the record beyond its result', async () => {
    v8.setFlagsFromString('--expose-gc');
    const collect: unknown = vm.runInNewContext('gc');
    const held: unknown[] = [];
    const values = hostileEvents(1, 300).flatMap((record) => {
      held.push(parseEvent(record));
      return record.value ? [new WeakRef(record.value)] : [];
    });

    // a WeakRef keeps its target alive until the end of the current turn
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof collect === 'function') collect();

    expect(held).toHaveLength(300);
    expect(values.filter((value) => value.deref() !== undefined)).toEqual([]);
  });
});
