import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, print } from 'graphql';
import { z } from 'zod';

import { digest } from './operation-store.js';

/**
 * The operations that need not be sent, by SHA-256: from a folder of `.graphql` files, or from a
 * JSON file, either an object of hashes and documents, as code generators write it, or Apollo's
 * manifest. Null: the ready operations.
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

/** As written, and as generated clients print it. */
function spellings(document: string): readonly (readonly [string, string])[] {
  const printed = print(parse(document));
  return [document, printed].map((text) => [digest(text), text]);
}
