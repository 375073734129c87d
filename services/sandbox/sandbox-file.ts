import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

/** The sandbox's own secrets: made once, kept in the data folder, readable by its owner alone. */
const SandboxSecrets = z.object({
  encryptionKey: z.string(),
  adminKey: z.string(),
  botToken: z.string(),
  clientSecret: z.string(),
});

export type SandboxSecrets = z.output<typeof SandboxSecrets>;

export async function readOrMakeSecrets(
  dataDir: string,
): Promise<SandboxSecrets> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, 'sandbox-keys.json');
  const text = await readFileIfThere(path);
  if (text !== null) return SandboxSecrets.parse(JSON.parse(text));
  const secrets: SandboxSecrets = {
    encryptionKey: randomBytes(32).toString('base64'),
    adminKey: `sandbox_${randomBytes(24).toString('base64url')}`,
    botToken: `sandbox.${randomBytes(24).toString('base64url')}`,
    clientSecret: randomBytes(24).toString('base64url'),
  };
  await writeWhole(path, JSON.stringify(secrets, null, 2));
  return secrets;
}

export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export async function readFileIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return null;
    throw error;
  }
}

/** Whole or not at all: a process killed while writing leaves the old file. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, text, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
}
