import type { OpenSpan, SpanStart, Trace } from '../../lib/trace.js';

/** Observers of the API. Each is optional. */
export interface ApiObservers {
  /** The body of `/metrics`. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly onOperation?: (operation: ObservedOperation) => void;
  /** Null: tracing is off. */
  readonly trace?: RequestTrace | null;
}

export interface RequestTrace extends Pick<Trace, 'current'> {
  begin(span: SpanStart): OpenSpan;
}

export interface ObservedOperation {
  /** `query`, `mutation`, `subscription`, or `none` where no operation came about. */
  readonly type: string;
  /** Of a registered operation; else `other`, because callers may choose any name. */
  readonly name: string;
  readonly codes: readonly string[];
  readonly seconds: number;
}
