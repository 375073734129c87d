import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parse, print } from 'graphql';
import { z } from 'zod';

import { callerOf } from '../access/admission.js';
import { RefusedRequest } from '../http/http-errors.js';

/** Documents by their SHA-256 in hex. */
interface OperationStore {
  readonly isOnly: boolean;
  find(hash: string): string | undefined;
  /** True for a registered document. */
  isListed(hash: string): boolean;
  learn(hash: string, document: string): void;
}

const LEARNED = { documents: 1_000, bytes: 4 * 1024 * 1024, each: 64 * 1024 };

/**
 * Creates a store of documents. Registered documents stay; documents learned from callers are kept
 * in a bounded LRU cache.
 */
export function createOperationStore(
  listed: ReadonlyMap<string, string>,
  isOnly: boolean,
): OperationStore {
  const learned = new Map<string, string>();
  let bytes = 0;
  const forget = (hash: string) => {
    bytes -= learned.get(hash)?.length ?? 0;
    learned.delete(hash);
  };
  const keep = (hash: string, document: string) => {
    forget(hash);
    learned.set(hash, document);
    bytes += document.length;
  };
  return {
    isOnly,
    isListed: (hash) => listed.has(hash),
    find: (hash) => {
      const document = learned.get(hash);
      if (document !== undefined) keep(hash, document);
      return listed.get(hash) ?? document;
    },
    learn: (hash, document) => {
      if (listed.has(hash) || document.length > LEARNED.each) return;
      keep(hash, document);
      for (const oldest of learned.keys()) {
        if (learned.size <= LEARNED.documents && bytes <= LEARNED.bytes) break;
        forget(oldest);
      }
    },
  };
}

/**
 * Resolves persisted queries in Apollo's format: `extensions.persistedQuery` with or without the
 * document. After this, `/graphql` and `/admin` both see the full document.
 */
export function persistOperations(scope: FastifyInstance, store: OperationStore): void {
  scope.addHook('preHandler', async (request) => {
    const { body } = request;
    if (isRecord(body)) request.body = withDocument(store, body, request);
    else if (isRecord(request.query) && store.isOnly) checkListed(store, request.query);
  });
}

function withDocument(
  store: OperationStore,
  body: Readonly<Record<string, unknown>>,
  request: FastifyRequest,
): Readonly<Record<string, unknown>> {
  const { extensions, ...rest } = body;
  if (!isRecord(extensions) || !isRecord(extensions['persistedQuery'])) {
    if (store.isOnly) checkListed(store, body);
    return body;
  }
  const { persistedQuery, ...others } = extensions;
  const query = documentOf(store, { ...rest, persistedQuery }, request);
  return { ...rest, query, extensions: others };
}

function documentOf(
  store: OperationStore,
  sent: Readonly<Record<string, unknown>>,
  request: FastifyRequest,
): string {
  const hash = hashOf(sent['persistedQuery']);
  const { query } = sent;
  if (typeof query !== 'string') {
    const document = store.find(hash);
    if (document !== undefined) return document;
    throw store.isOnly ? notListed() : notFound();
  }
  if (digest(query) !== hash) throw refusal('`sha256Hash` is not the SHA-256 of `query`.');
  if (store.isOnly) checkListed(store, sent);
  // Documents from callers without credentials are not kept.
  else if (callerOf(request)) store.learn(hash, query);
  return query;
}

function hashOf(persistedQuery: unknown): string {
  const { version, sha256Hash } = isRecord(persistedQuery) ? persistedQuery : {};
  const isHash = typeof sha256Hash === 'string' && /^[0-9a-f]{64}$/i.test(sha256Hash);
  if (version !== 1 || !isHash)
    throw refusal(
      '`extensions.persistedQuery` needs `version: 1` and a `sha256Hash` of 64 hex digits.',
    );
  return sha256Hash.toLowerCase();
}

function checkListed(store: OperationStore, { query }: Readonly<Record<string, unknown>>): void {
  if (typeof query === 'string' && !store.isListed(digest(query))) throw notListed();
}

export const digest = (document: string): string =>
  createHash('sha256').update(document).digest('hex');

/** Apollo's clients recognise this message and code, and retry with the full document. */
const notFound = () =>
  new RefusedRequest({
    status: 200,
    code: 'PERSISTED_QUERY_NOT_FOUND',
    message: 'PersistedQueryNotFound',
    headers: { 'cache-control': 'no-store' },
  });

const notListed = () =>
  refusal(
    'Only registered operations are accepted (PERSISTED_QUERIES_ONLY), and this one is not registered.',
  );

const refusal = (message: string) =>
  new RefusedRequest({ status: 400, code: 'BAD_USER_INPUT', message });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads the registered operations by SHA-256, from a folder of `.graphql` files or from a JSON
 * file. The JSON file is an object of hashes and documents, as code generators write it, or
 * Apollo's manifest. If `path` is null, reads the folder `schema/operations`.
 */
export async function readOperationList(path: string | null): Promise<ReadonlyMap<string, string>> {
  const ready = new URL('../../../schema/operations/', import.meta.url);
  try {
    return await readFrom(path ?? fileURLToPath(ready));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`PERSISTED_QUERIES: ${why}`, { cause });
  }
}

async function readFrom(path: string): Promise<ReadonlyMap<string, string>> {
  const isFolder = (await stat(path)).isDirectory();
  const documents = isFolder ? await readFolder(path) : readManifest(await readFile(path, 'utf8'));
  return new Map(documents.flatMap(spellings));
}

async function readFolder(path: string): Promise<readonly string[]> {
  const names = (await readdir(path)).filter((n) => n.endsWith('.graphql'));
  return Promise.all(names.map((name) => readFile(join(path, name), 'utf8')));
}

const Manifest = z.union([
  z
    .object({ operations: z.array(z.object({ body: z.string() })) })
    .transform(({ operations }) => operations.map(({ body }) => body)),
  z.record(z.string(), z.string()).transform((map) => Object.values(map)),
]);

function readManifest(text: string): readonly string[] {
  const parsed = Manifest.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new Error('the file must be {"<sha256>": "<document>"} or a manifest with "operations"');
  return parsed.data;
}

/**
 * Returns two pairs of hash and text for a document: as written, and as generated clients print it.
 */
function spellings(document: string): readonly (readonly [string, string])[] {
  const printed = print(parse(document));
  return [document, printed].map((text) => [digest(text), text]);
}
