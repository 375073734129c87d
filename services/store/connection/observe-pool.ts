import type { Pool } from 'pg';

/** `kind`: the statement's first word, or `other`. */
export type OnStatement = (statement: { readonly kind: string; readonly seconds: number }) => void;

export interface Connections {
  readonly used: number;
  readonly idle: number;
  /** Statements waiting for a connection. */
  readonly waiting: number;
}

const KINDS = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'with',
  'begin',
  'commit',
  'rollback',
]);

/** Measures the time from sending to response for every statement of a pool. */
export function observePool(
  pool: Pool,
  { onStatement, nowMs }: { onStatement: OnStatement; nowMs: () => number },
): void {
  pool.on('connect', (client) => {
    const send: unknown = client.query.bind(client);
    if (!isQuery(send)) return;
    const timed = (...args: readonly unknown[]): unknown => {
      const startedMs = nowMs();
      const answer = send(...args);
      if (!(answer instanceof Promise)) return answer;
      const kind = kindOf(args[0]);
      const tell = () => onStatement({ kind, seconds: (nowMs() - startedMs) / 1000 });
      answer.then(tell, tell);
      return answer;
    };
    Object.assign(client, { query: timed });
  });
}

/** Treats the many overloads of `query` as one function. */
const isQuery = (value: unknown): value is (...args: readonly unknown[]) => unknown =>
  typeof value === 'function';

const FIRST_WORD = /^\s*([a-z]+)/i;

function kindOf(query: unknown): string {
  const text = typeof query === 'object' && query !== null && 'text' in query ? query.text : query;
  const [, word = ''] = typeof text === 'string' ? (FIRST_WORD.exec(text) ?? []) : [];
  const kind = word.toLowerCase();
  return KINDS.has(kind) ? kind : 'other';
}
