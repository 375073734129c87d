/**
 * Tracing. A trace connects all work with the same cause across processes. It is identified by a
 * W3C `traceparent`, carried in headers and causes. https://www.w3.org/TR/trace-context/
 */
export interface Trace {
  /**
   * Opens a span. Other spans can continue the trace from its traceparent. `parent` is a
   * traceparent; an invalid one starts a new trace.
   */
  readonly begin: (span: SpanStart) => OpenSpan;
  /** Runs the work inside a new span. */
  run<T>(span: SpanStart, work: () => Promise<T>): Promise<T>;
  /** Records a finished span. Does nothing outside of a trace. */
  note(span: SpanNote): void;
  /** Adds attributes to the current span. */
  describe(attributes: SpanAttributes): void;
  /** Links the current span to causes found during the work, by their traceparents. */
  link(traceparents: readonly string[]): void;
  /** The traceparent of the current span; null: there is none. */
  current(): string | null;
}

export type SpanAttributes = Readonly<
  Record<string, string | number | boolean | readonly string[]>
>;

export interface SpanStart {
  readonly name: string;
  readonly kind?: 'server' | 'consumer' | 'internal';
  readonly parent?: string | null;
  /** Traceparents of other causes of the same work. */
  readonly links?: readonly string[];
  readonly attributes?: SpanAttributes;
}

export interface SpanNote {
  readonly name: string;
  readonly durationMs: number;
  readonly attributes: SpanAttributes;
  readonly fault: string | null;
}

export interface OpenSpan {
  readonly traceparent: string;
  /** Runs the work inside this span. */
  run<T>(work: () => T): T;
  end(its?: { readonly attributes?: SpanAttributes; readonly fault?: string | null }): void;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

/** Returns the trace id; null if the text is not a traceparent. */
export function traceIdOf(traceparent: string | undefined): string | null {
  const [, id = null] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return id;
}
