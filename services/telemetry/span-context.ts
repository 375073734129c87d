import {
  ROOT_CONTEXT,
  trace as spans,
  type Context,
  type Link,
  type SpanContext,
} from '@opentelemetry/api';

/** https://www.w3.org/TR/trace-context/#traceparent-header; later versions may append fields. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

function spanContextOf(traceparent: string | null): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return null;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
  };
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
