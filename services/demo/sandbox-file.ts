import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { readJsonIfThere, writeWhole } from './whole-file.js';

/** The sandbox's own secrets: created once, kept in the data folder, readable by its owner only. */
const SandboxSecrets = z.object({
  encryptionKey: z.string(),
  adminKey: z.string(),
  botToken: z.string(),
  clientSecret: z.string(),
});

export type SandboxSecrets = z.output<typeof SandboxSecrets>;

export async function readOrMakeSecrets(dataDir: string): Promise<SandboxSecrets> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, 'sandbox-keys.json');
  const kept = await readJsonIfThere(
    path,
    SandboxSecrets,
    `Restore it, or delete the folder ${dataDir} to start with a new sandbox. Its database and guild are then lost: their secrets cannot be read without this file.`,
  );
  if (kept !== null) return kept;
  const secrets: SandboxSecrets = {
    encryptionKey: randomBytes(32).toString('base64'),
    adminKey: `sandbox_${randomBytes(24).toString('base64url')}`,
    botToken: `sandbox.${randomBytes(24).toString('base64url')}`,
    clientSecret: randomBytes(24).toString('base64url'),
  };
  await writeWhole(path, JSON.stringify(secrets, null, 2));
  return secrets;
}

export function hashAdminKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
