/**
 * Tracing. A trace joins everything that one cause led to, in whatever process. Its name is a W3C
 * `traceparent`, carried in headers and causes. https://www.w3.org/TR/trace-context/
 */
export interface Trace {
  /**
   * Opens a span that others may continue. `parent` is a traceparent; an invalid one starts a new
   * trace.
   */
  readonly begin: (span: SpanStart) => OpenSpan;
  /** Runs the work inside a new span. */
  run<T>(span: SpanStart, work: () => Promise<T>): Promise<T>;
  /** Records a finished span. Does nothing outside of a trace. */
  note(span: SpanNote): void;
  /** Adds to the span that the work is in. */
  describe(attributes: SpanAttributes): void;
  /**
   * Adds causes, by their traceparents, that are found on the way to the span that the work is in.
   */
  link(traceparents: readonly string[]): void;
  /** Of the span that the work is in; null: in none. */
  current(): string | null;
}

export type SpanAttributes = Readonly<
  Record<string, string | number | boolean | readonly string[]>
>;

export interface SpanStart {
  readonly name: string;
  readonly kind?: 'server' | 'consumer' | 'internal';
  readonly parent?: string | null;
  /** Other causes of the same work. */
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
  /** Work inside this span. */
  run<T>(work: () => T): T;
  end(its?: { readonly attributes?: SpanAttributes; readonly fault?: string | null }): void;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

/** Null: it is no traceparent. */
export function traceIdOf(traceparent: string | undefined): string | null {
  const [, id = null] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return id;
}
