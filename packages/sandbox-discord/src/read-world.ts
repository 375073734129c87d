import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { SandboxWorld } from './world.js';

/** What every world must have; the rest has defaults. */
const World = z.looseObject({
  applications: z.array(
    z.looseObject({
      applicationId: z.string(),
      name: z.string(),
      botUserId: z.string(),
      botToken: z.string(),
    }),
  ),
  users: z.array(z.looseObject({ discordUserId: z.string(), username: z.string() })),
  guilds: z.array(
    z.looseObject({
      guildId: z.string(),
      name: z.string(),
      ownerId: z.string(),
      roles: z.array(z.looseObject({ roleId: z.string(), name: z.string(), position: z.number() })),
      members: z.array(z.looseObject({ discordUserId: z.string(), roleIds: z.array(z.string()) })),
    }),
  ),
});

/** A world from a JSON file; each error names the file and what is wrong in it. */
export async function readWorld(file: string): Promise<SandboxWorld> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`cannot read --world: ${messageOf(error)}`);
  });
  const world = World.safeParse(parsed(text, file));
  if (world.success) return world.data;
  const faults = world.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`${file} is not a world:\n  ${faults.join('\n  ')}`);
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
