import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { createSecrets } from '../../../services/lib/secrets.js';
import { traceIdOf, type Trace } from '../../../services/lib/trace.js';
import { openTracing, type OpenTrace } from '../../../services/telemetry/tracing.js';
import {
  startTraceCollector,
  type CollectedSpan,
  type TraceCollector,
} from '../../support/trace-collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OTHER = 'aaaabbbbccccddddeeeeffff00001111';
const parentOf = (traceId: string) => `00-${traceId}-00f067aa0ba902b7-01`;

const deps = {
  version: '1.2.3',
  processId: 'process',
  logger: silentLogger,
  scrub: createSecrets(['known-secret']).scrub,
};

let collector: TraceCollector;
let opened: OpenTrace;
let trace: Trace;

beforeEach(async () => {
  collector = await startTraceCollector();
  const tracing = await openTracing({ ...deps, endpoint: collector.endpoint });
  if (tracing === null) throw new Error('no traces');
  opened = tracing;
  ({ trace } = opened);
});

afterEach(async () => {
  await opened.stop();
  await collector.stop();
});

/** Stopping sends the queued spans. */
async function sent(): Promise<ReadonlyMap<string, CollectedSpan>> {
  await opened.stop();
  return new Map(collector.spans().map((span) => [span.name, span]));
}

test('tracing is off without an endpoint', async () => {
  expect(await openTracing({ ...deps, endpoint: null })).toBeNull();
});

describe('a trace', () => {
  test('continues the trace of its first cause, and links the others', async () => {
    await trace.run(
      {
        name: 'run',
        parent: parentOf(TRACE),
        links: [parentOf(OTHER), 'no traceparent'],
        attributes: { 'connector.client.id': 'c' },
      },
      async () => undefined,
    );

    const run = (await sent()).get('run');
    expect(run).toMatchObject({
      traceId: TRACE,
      parentSpanId: '00f067aa0ba902b7',
      links: [OTHER],
    });
    expect(run?.attributes.get('connector.client.id')).toBe('c');
  });

  test('links a cause that is found while it runs', async () => {
    await trace.run({ name: 'run', parent: parentOf(TRACE) }, async () =>
      trace.link([parentOf(OTHER), 'no traceparent']),
    );

    expect((await sent()).get('run')).toMatchObject({ links: [OTHER] });
  });

  test('keeps the events of a span inside it, whatever runs concurrently', async () => {
    const inside = async (name: string) =>
      trace.run({ name }, async () => {
        await sleep(1);
        trace.describe({ 'connector.audit_record.id': name });
        const note = { durationMs: 5, attributes: {}, fault: null };
        trace.note({ name: `call of ${name}`, ...note });
      });

    await Promise.all([inside('one'), inside('two')]);

    const spans = await sent();
    for (const name of ['one', 'two']) {
      const span = spans.get(name);
      expect(spans.get(`call of ${name}`)?.parentSpanId).toBe(span?.spanId);
      expect(span?.attributes.get('connector.audit_record.id')).toBe(name);
    }
  });

  test('ignores events outside a span', async () => {
    const note = { durationMs: 5, attributes: {}, fault: null };
    trace.note({ name: 'a call of nobody', ...note });
    trace.describe({ a: 'b' });

    expect(trace.current()).toBeNull();
    expect((await sent()).size).toBe(0);
  });

  test.each([
    'nonsense',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01-more`,
    '',
  ])('starts with a valid id if its parent is invalid: %s', async (parent) => {
    trace.begin({ name: 'run', parent }).end();

    expect((await sent()).get('run')?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that the caller does not sample is continued, but not sent', async () => {
    const span = trace.begin({
      name: 'run',
      parent: `00-${TRACE}-00f067aa0ba902b7-00`,
    });
    span.end();

    expect(traceIdOf(span.traceparent)).toBe(TRACE);
    expect((await sent()).size).toBe(0);
  });

  test('records its error without secrets, and rethrows it', async () => {
    const failing = trace.run(
      { name: 'run of known-secret', attributes: { list: ['known-secret'] } },
      async () => {
        throw new Error('the known-secret was refused');
      },
    );
    await expect(failing).rejects.toThrow('was refused');

    await sent();
    expect(collector.raw()).toContain('the [redacted] was refused');
    expect(collector.raw()).not.toContain('known-secret');
  });
});

test('a trace id is read only from a valid traceparent', () => {
  expect(traceIdOf(parentOf(TRACE))).toBe(TRACE);
  expect(traceIdOf('something')).toBeNull();
  expect(traceIdOf(undefined)).toBeNull();
});
