import type { ApolloServerPlugin } from '@apollo/server';
import { type DocumentNode, Kind, parse } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

import type { OpenSpan, SpanStart, Trace } from '../../lib/trace.js';
import type { ApiContext } from '../context.js';
import { publicError } from '../kit/errors.js';

/** Functions that observe the API. Each is optional. */
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

interface ObservedOperation {
  /** `query`, `mutation`, `subscription`, or `none` if the request contained no valid operation. */
  readonly type: string;
  /** The name of a registered operation; else `other`, because callers may choose any name. */
  readonly name: string;
  readonly codes: readonly string[];
  readonly seconds: number;
}

export interface MeterDeps {
  readonly onOperation: (operation: ObservedOperation) => void;
  /** Names of registered operations. */
  readonly names: ReadonlySet<string>;
  readonly nowMs: () => number;
}

/**
 * Returns what the meters need, or null if there is no `onOperation` observer. `listed` contains
 * the registered documents by hash.
 */
export function meterOf(
  observers: ApiObservers | undefined,
  listed: ReadonlyMap<string, string>,
): MeterDeps | null {
  const { onOperation } = observers ?? {};
  if (!onOperation) return null;
  const names = operationNames(listed.values());
  return { onOperation, names, nowMs: () => performance.now() };
}

/** Returns the names of the operations in these documents. */
function operationNames(documents: Iterable<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const document of documents) for (const name of namesIn(parse(document))) names.add(name);
  return names;
}

function namesIn({ definitions }: DocumentNode): readonly string[] {
  return definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? []) : [],
  );
}

/**
 * Reports each operation. Install this after the plugin that formats errors, so that it reports the
 * error codes that callers get.
 */
export function meterOperations(deps: MeterDeps): ApolloServerPlugin<ApiContext> {
  return {
    requestDidStart: async () => {
      const startedMs = deps.nowMs();
      return {
        willSendResponse: async ({ operation, operationName, response }) => {
          const { body } = response;
          const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
          report(deps, startedMs, {
            type: operation?.operation ?? 'none',
            name: operationName ?? null,
            codes: errors.map((error) => codeIn(error.extensions)),
          });
        },
      };
    },
  };
}

/** Reports each query and mutation of the playground. Subscriptions are not counted. */
export function meterPlayground(deps: MeterDeps): Plugin {
  return {
    onExecute({ args }) {
      const startedMs = deps.nowMs();
      return {
        onExecuteDone({ result }) {
          if (isAsyncIterable(result)) return;
          const name: unknown = args.operationName;
          report(deps, startedMs, {
            type: typeOf(args.document, name),
            name: typeof name === 'string' ? name : null,
            codes: (result.errors ?? []).map((error) => codeIn(publicError(error, '').extensions)),
          });
        },
      };
    },
  };
}

function typeOf(document: DocumentNode, name: unknown): string {
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION)
      if (typeof name !== 'string' || definition.name?.value === name) return definition.operation;
  return 'none';
}

function report(
  { onOperation, names, nowMs }: MeterDeps,
  startedMs: number,
  its: { readonly type: string; readonly name: string | null; readonly codes: readonly string[] },
): void {
  const name = its.name !== null && names.has(its.name) ? its.name : 'other';
  const seconds = (nowMs() - startedMs) / 1000;
  onOperation({ type: its.type, codes: its.codes, name, seconds });
}

/**
 * Returns the error's code. An error without a code in our format comes from the library and counts
 * as `OTHER`, which keeps the number of different codes in a metric small.
 */
function codeIn(extensions: Readonly<Record<string, unknown>> | undefined): string {
  const code = extensions?.['code'];
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'OTHER';
}
