import { join } from 'node:path';

import type { SandboxWorld } from './discord/world.js';
import { readFileIfThere, writeWhole } from './sandbox-file.js';

/** Keeps the sandbox Discord's world in a file, so that a second start finds the guild as the first left it. */
export interface KeptWorld {
  /** The world as it was kept, or the one given. */
  load(first: SandboxWorld): Promise<SandboxWorld>;
  /** Writes soon; many changes at once become one write. */
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
      const text = await readFileIfThere(path);
      return text === null ? first : parseWorld(text);
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

/** Our own file: what the sandbox itself wrote down is taken as it is. */
function parseWorld(text: string): SandboxWorld {
  return JSON.parse(text);
}
