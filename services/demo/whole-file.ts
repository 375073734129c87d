import { randomUUID } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { z } from 'zod';

export async function readFileIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Returns null if the file does not exist. If its content is invalid, throws an error that ends
 * with `remedy`.
 */
export async function readJsonIfThere<Value>(
  path: string,
  schema: z.ZodType<Value>,
  remedy: string,
): Promise<Value | null> {
  const text = await readFileIfThere(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    // The parser's message may quote the content, which holds secrets.
    const fault = error instanceof SyntaxError ? 'it is not complete JSON' : 'fields are missing';
    // oxlint-disable-next-line preserve-caught-error -- see above
    throw new Error(`${path} is damaged (${fault}). ${remedy}`);
  }
}

/**
 * Writes a file completely or not at all, readable by its owner only. Writes a draft, flushes it to
 * disk and renames it, so that a killed process, a full disk or a power cut leaves no partial file.
 * Concurrent writers use separate drafts.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.${randomUUID()}.draft`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Without this, a power cut may undo the rename. Windows cannot flush folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
