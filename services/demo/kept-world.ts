import { join } from 'node:path';

import type { SandboxWorld } from 'sandbox-discord';
import { z } from 'zod';

import { readJsonIfThere, writeWhole } from './whole-file.js';

/** Keeps the sandbox Discord's world in a file, so that a restart finds the guild unchanged. */
export interface KeptWorld {
  /** Returns the stored world, or `first` if none is stored. */
  load(first: SandboxWorld): Promise<SandboxWorld>;
  /** Starts writing the world. Changes during a write are combined into one further write. */
  save(): void;
  /** Resolves when the last change is written. */
  flush(): Promise<void>;
}

export function createKeptWorld(deps: {
  readonly dataDir: string;
  readonly world: () => SandboxWorld;
  readonly onFailure: (error: unknown) => void;
}): KeptWorld {
  const path = join(deps.dataDir, 'sandbox-discord.json');
  let isChanged = false;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (isChanged) {
      isChanged = false;
      await writeWhole(path, JSON.stringify(deps.world()));
    }
  }

  return {
    async load(first) {
      return (await readJsonIfThere(path, World, REMEDY)) ?? first;
    },
    save() {
      isChanged = true;
      writing ??= write()
        .catch(deps.onFailure)
        .finally(() => {
          writing = null;
        });
    },
    async flush() {
      await writing;
    },
  };
}

const REMEDY =
  'Delete it to start again with the demo guild. Changes in the sandbox Discord (members, roles, invites) are lost; the connector’s database and the keys stay.';

/** The sandbox wrote this file itself, so only its basic shape is checked. */
const World = z.custom<SandboxWorld>((value) => WorldShape.safeParse(value).success);

const WorldShape = z.looseObject({
  applications: z.array(z.looseObject({ applicationId: z.string() })),
  users: z.array(z.looseObject({ discordUserId: z.string() })),
  guilds: z.array(z.looseObject({ guildId: z.string() })),
});
