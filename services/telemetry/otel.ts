/**
 * OpenTelemetry traces, loaded only if tracing is on. In: spans from the parts. Out: OTLP over
 * HTTP, in batches, with a bounded queue while the collector is unreachable. Never: global state;
 * the `Trace` object alone tracks the current span.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace as spans,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';

import { messageOf } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { OpenSpan, SpanAttributes, SpanStart, Trace } from '../lib/trace.js';

export interface OtelDeps {
  /** The collector's base URL; `/v1/traces` is appended. */
  readonly endpoint: string;
  readonly version: string;
  readonly processId: string;
  readonly logger: Logger;
  readonly scrub: (text: string) => string;
}

export interface OpenTrace {
  readonly trace: Trace;
  /** Sends the queued spans; gives up after two seconds. */
  stop(): Promise<void>;
}

const SEND_MS = 5_000;
const STOP_MS = 2_000;

export function openOtel(deps: OtelDeps): OpenTrace {
  const exporter = new OTLPTraceExporter({
    url: `${deps.endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: SEND_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'discord-connector',
      'service.version': deps.version,
      'service.instance.id': deps.processId,
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor(logOnce(exporter, deps.logger), {
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: SEND_MS + 1_000,
      }),
    ],
  });
  return {
    trace: traceOf(deps, provider.getTracer('discord-connector', deps.version)),
    stop: async () => atMost(STOP_MS, provider.shutdown()),
  };
}

type Tracer = ReturnType<NodeTracerProvider['getTracer']>;

const KINDS = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

function traceOf({ scrub }: OtelDeps, tracer: Tracer): Trace {
  const inside = new AsyncLocalStorage<Context>();
  const clean = (attributes: SpanAttributes) => scrubbed(attributes, scrub);
  const start = (its: SpanStart): Span => {
    const { name, kind = 'internal', parent, links = [] } = its;
    const context = parent === undefined ? (inside.getStore() ?? ROOT_CONTEXT) : contextOf(parent);
    const options = {
      kind: KINDS[kind],
      attributes: clean(its.attributes ?? {}),
      links: links.flatMap(linkTo),
    };
    return tracer.startSpan(scrub(name), options, context);
  };
  const fail = (span: Span, fault: string | null) => {
    if (fault === null) return;
    span.setStatus({ code: SpanStatusCode.ERROR, message: scrub(fault) });
  };
  const within = <T>(span: Span, work: () => T): T =>
    inside.run(spans.setSpan(ROOT_CONTEXT, span), work);
  const spanNow = () => {
    const context = inside.getStore();
    return context === undefined ? undefined : spans.getSpan(context);
  };
  const begin = (its: SpanStart): OpenSpan => {
    const span = start(its);
    return {
      traceparent: traceparentOf(span.spanContext()),
      run: (work) => within(span, work),
      end({ attributes, fault = null } = {}) {
        if (attributes) span.setAttributes(clean(attributes));
        fail(span, fault);
        span.end();
      },
    };
  };
  return {
    begin,
    run: async (its, work) => runIn(begin(its), work),
    note({ name, durationMs, attributes, fault }) {
      const context = inside.getStore();
      if (context === undefined) return;
      const endedMs = Date.now();
      const times = { kind: SpanKind.CLIENT, startTime: endedMs - durationMs };
      const options = { ...times, attributes: clean(attributes) };
      const span = tracer.startSpan(scrub(name), options, context);
      fail(span, fault);
      span.end(endedMs);
    },
    describe: (attributes) => void spanNow()?.setAttributes(clean(attributes)),
    link: (causes) => void spanNow()?.addLinks(causes.flatMap(linkTo)),
    current() {
      const span = spanNow();
      return span === undefined ? null : traceparentOf(span.spanContext());
    },
  };
}

async function runIn<T>(span: OpenSpan, work: () => Promise<T>): Promise<T> {
  let fault: string | null = null;
  try {
    return await span.run(work);
  } catch (error) {
    fault = messageOf(error);
    throw error;
  } finally {
    span.end({ fault });
  }
}

function scrubbed(attributes: SpanAttributes, scrub: (text: string) => string): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'string') return [name, scrub(value)];
      if (typeof value === 'object') return [name, value.map(scrub)];
      return [name, value];
    }),
  );
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), patience]);
  clearTimeout(timer);
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; later versions may append fields. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

function spanContextOf(traceparent: string | null): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

export function contextOf(traceparent: string | null): Context {
  const parent = spanContextOf(traceparent);
  return parent === null ? ROOT_CONTEXT : spans.setSpanContext(ROOT_CONTEXT, parent);
}

export function linkTo(traceparent: string): readonly Link[] {
  const context = spanContextOf(traceparent);
  return context === null ? [] : [{ context }];
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Logs one line when the collector becomes unreachable and one when it is reachable again, however
 * long the outage lasts.
 */
export function logOnce(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isAway = false;
  let lost = 0;
  return {
    export(batch, done) {
      exporter.export(batch, (result) => {
        const { error } = result;
        const isSent = error === undefined;
        if (isSent && isAway) {
          logger.info({ lost }, 'trace export recovered');
          [isAway, lost] = [false, 0];
        }
        if (!isSent) {
          lost += batch.length;
          if (!isAway)
            logger.warn({ reason: error.message }, 'trace export failed, dropping traces');
          isAway = true;
        }
        done(result);
      });
    },
    shutdown: async () => exporter.shutdown(),
    ...(exporter.forceFlush && {
      forceFlush: async () => exporter.forceFlush?.(),
    }),
  };
}
